-- Deploy tollhouse:ops/operator_audit to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.operator_audit (
  id bigint generated always as identity,
  at timestamptz not null default pg_catalog.clock_timestamp(),
  operator name not null default session_user,
  action text collate "C" not null,
  target jsonb not null,
  reason text collate "C" not null,
  before jsonb,
  after jsonb,
  constraint operator_audit_pkey primary key (id)
);
comment on table tollhouse_private.operator_audit is 'Every operator action: who, what, why, before and after. Append-only.';

revoke update, delete, truncate on tollhouse_private.operator_audit from tollhouse_owner;
grant insert on tollhouse_private.operator_audit to tollhouse_engine;
grant select on tollhouse_private.operator_audit to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

set local role tollhouse_engine;

create view tollhouse_ops.operator_audit with (security_invoker = true) as
select * from tollhouse_private.operator_audit;
comment on view tollhouse_ops.operator_audit is 'Every operator action: who, what, why, before and after.';

grant select on tollhouse_ops.operator_audit to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

create function tollhouse_private.audit(
  p_action text,
  p_target jsonb,
  p_reason text,
  p_before jsonb,
  p_after jsonb
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tollhouse_private.has_visible(p_reason) is not true then
    raise exception using errcode = 'TH301', message = 'reason missing', detail = p_action,
      hint = 'Give a reason: the next person on call will read it in operator_audit.';
  end if;
  if length(p_reason) > 2000 then
    raise exception using errcode = 'TH301', message = 'reason too long', detail = format('%s: %s characters', p_action, length(p_reason)),
      hint = 'Use at most 2000 characters.';
  end if;
  -- Workers wait for the rows an operator changed, so a transaction left open is rolled back.
  perform set_config('idle_in_transaction_session_timeout', '10s', true);
  insert into tollhouse_private.operator_audit (action, target, reason, before, after)
  values (p_action, jsonb_strip_nulls(p_target), p_reason, p_before, p_after);
end
$$;
comment on function tollhouse_private.audit(text, jsonb, text, jsonb, jsonb) is
  'Records an operator action, and ends the operator''s session if the transaction then idles for ten seconds. Raises TH301, which undoes the action, unless the reason is visible and at most 2000 characters long.';

revoke execute on function tollhouse_private.audit(text, jsonb, text, jsonb, jsonb) from public;

commit;
