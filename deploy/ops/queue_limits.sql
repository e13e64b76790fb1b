-- Deploy tollhouse:ops/queue_limits to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.set_queue_limit(
  p_tenant_id text,
  p_max_calls bigint,
  p_max_bytes bigint,
  p_reason text
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_tenant_id constant text collate "C" := set_queue_limit.p_tenant_id;
  p_reason constant text collate "C" := set_queue_limit.p_reason;
  v_before jsonb;
  v_after jsonb;
begin
  if p_tenant_id is distinct from '' then
    perform tollhouse_private.check_target('tenant', p_tenant_id);
  end if;
  perform tollhouse_private.check_value(least(p_max_calls, p_max_bytes, 0) >= 0,
    format('calls %s, bytes %s', coalesce(p_max_calls::text, 'null'), coalesce(p_max_bytes::text, 'null')),
    'Each is 0 or more, or null for no limit.');

  select to_jsonb(ql) into v_before from tollhouse_private.queue_limits as ql where ql.tenant_id = p_tenant_id;
  insert into tollhouse_private.queue_limits as ql (tenant_id, max_calls, max_bytes)
  values (p_tenant_id, p_max_calls, p_max_bytes)
  on conflict (tenant_id) do update set max_calls = excluded.max_calls, max_bytes = excluded.max_bytes
  returning to_jsonb(ql) into v_after;
  perform tollhouse_private.audit('set_queue_limit', jsonb_build_object('tenant_id', nullif(p_tenant_id, '')), p_reason, v_before, v_after);
end
$$;
comment on function tollhouse_ops.set_queue_limit(text, bigint, bigint, text) is
  'Limits the unfinished calls of a tenant and their request bytes; an empty p_tenant_id sets the default for tenants without a limit of their own; null: no limit. Calls over the limit are refused by enqueue. Raises TH301, TH303.';

create function tollhouse_ops.drop_queue_limit(
  p_tenant_id text,
  p_reason text
)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_tenant_id constant text collate "C" := drop_queue_limit.p_tenant_id;
  p_reason constant text collate "C" := drop_queue_limit.p_reason;
  v_before jsonb;
begin
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  delete from tollhouse_private.queue_limits as ql where ql.tenant_id = p_tenant_id returning to_jsonb(ql) into v_before;
  if not found then
    return false;
  end if;
  perform tollhouse_private.audit('drop_queue_limit', jsonb_build_object('tenant_id', p_tenant_id), p_reason, v_before, null);
  return true;
end
$$;
comment on function tollhouse_ops.drop_queue_limit(text, text) is
  'Removes a tenant''s own limit, so that the default applies to it; false if it had none. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.set_queue_limit(text, bigint, bigint, text) from public;
revoke execute on function tollhouse_ops.drop_queue_limit(text, text) from public;
grant execute on function tollhouse_ops.set_queue_limit(text, bigint, bigint, text) to tollhouse_operator;
grant execute on function tollhouse_ops.drop_queue_limit(text, text) to tollhouse_operator;

create view tollhouse_ops.queue_limits with (security_invoker = true) as
select
  coalesce(q.tenant_id, own.tenant_id) as tenant_id, coalesce(q.calls, 0) as calls, l.max_calls,
  coalesce(q.bytes, 0) as bytes, l.max_bytes,
  pg_catalog.round(100 * greatest(
    coalesce(q.calls, 0)::numeric / nullif(l.max_calls, 0), coalesce(q.bytes, 0)::numeric / nullif(l.max_bytes, 0)
  ), 1) as percent,
  own.tenant_id is not null as own_limit
from (
  select j.tenant_id, pg_catalog.count(*) as calls, pg_catalog.sum(j.request_bytes)::pg_catalog.int8 as bytes
  from tollhouse_private.jobs as j
  group by j.tenant_id
) as q
full join tollhouse_private.queue_limits as own on own.tenant_id = q.tenant_id
left join tollhouse_private.queue_limits as l on l.tenant_id = case when own.tenant_id is not null then own.tenant_id else '' end;
comment on view tollhouse_ops.queue_limits is
  'Queue size and limits (null: none) per tenant, and how full the queue is, in percent of the closer limit; at 100, enqueue raises TH112. The empty tenant is the default for tenants without a limit of their own.';

grant select on tollhouse_ops.queue_limits to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
