-- Deploy tollhouse:ops/operator_audit to pg
-- requires: platform/schemas
-- requires: routing/providers
-- requires: task_types/task_types

begin;
set local role tollhouse_owner;

create table tollhouse_private.operator_audit (
  id bigint generated always as identity,
  at timestamptz not null default pg_catalog.clock_timestamp(),
  operator name not null default session_user,
  action text not null,
  target jsonb not null,
  reason text not null,
  before jsonb,
  after jsonb,
  constraint operator_audit_pkey primary key (id)
);
comment on table tollhouse_private.operator_audit is 'Every operator action: who, what, why, before and after. Append-only.';

revoke update, delete, truncate on tollhouse_private.operator_audit from tollhouse_owner;
grant insert on tollhouse_private.operator_audit to tollhouse_engine;
grant select on tollhouse_private.operator_audit to tollhouse_operator, tollhouse_auditor;

set local role tollhouse_engine;

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
  if p_reason is null or btrim(p_reason) = '' then
    raise exception using errcode = 'TH301', message = 'reason missing', detail = p_action,
      hint = 'Say why: whoever is on call next reads it in operator_audit.';
  end if;
  insert into tollhouse_private.operator_audit (action, target, reason, before, after)
  values (p_action, jsonb_strip_nulls(p_target), p_reason, p_before, p_after);
end
$$;
comment on function tollhouse_private.audit(text, jsonb, text, jsonb, jsonb) is
  'Writes one operator action down. Raises TH301 without a reason, which undoes the action.';

create function tollhouse_private.check_target(
  p_kind text,
  p_target text
)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_known text[];
begin
  case p_kind
    when 'provider' then select array_agg(p.provider order by p.provider) into v_known from tollhouse_private.providers as p;
    when 'model' then select array_agg(m.model order by m.model) into v_known from tollhouse_private.models as m;
    when 'endpoint' then select array_agg(tt.endpoint order by tt.endpoint) into v_known from tollhouse_private.task_types as tt;
    else
      if p_target is null or p_target !~ '^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$' then
        raise exception using errcode = 'TH303', message = 'bad value',
          detail = format('%s %s', p_kind, coalesce(quote_literal(p_target), 'null')),
          hint = 'It is 1 to 128 of A-Z a-z 0-9 . _ : @ -, and begins with a letter or a digit.';
      end if;
      return;
  end case;
  if p_target is null or p_target <> all (coalesce(v_known, '{}')) then
    raise exception using errcode = 'TH302', message = 'unknown ' || p_kind,
      detail = coalesce(quote_literal(p_target), 'null'),
      hint = coalesce('Known: ' || array_to_string(v_known, ', ') || '.', 'None is known yet.');
  end if;
end
$$;
comment on function tollhouse_private.check_target(text, text) is
  'Raises TH302 for a provider, model or endpoint that does not exist, TH303 for a malformed tenant or user.';

create function tollhouse_private.check_value(
  p_ok boolean,
  p_detail text,
  p_hint text
)
  returns void
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_ok is not true then
    raise exception using errcode = 'TH303', message = 'bad value', detail = p_detail, hint = p_hint;
  end if;
end
$$;
comment on function tollhouse_private.check_value(boolean, text, text) is 'Raises TH303 unless p_ok is true.';

create view tollhouse_ops.operator_audit with (security_invoker = true) as
select * from tollhouse_private.operator_audit;
comment on view tollhouse_ops.operator_audit is 'Every operator action: who, what, why, before and after.';

revoke execute on function tollhouse_private.audit(text, jsonb, text, jsonb, jsonb) from public;
revoke execute on function tollhouse_private.check_target(text, text) from public;
revoke execute on function tollhouse_private.check_value(boolean, text, text) from public;
grant select on tollhouse_ops.operator_audit to tollhouse_operator, tollhouse_auditor;

commit;
