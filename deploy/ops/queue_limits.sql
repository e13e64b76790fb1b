-- Deploy tollhouse:ops/queue_limits to pg

begin;
set local role tollhouse_engine;

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
  'What each tenant has queued, and may have (null: any number), and how full that is, in percent of the limit that is nearer; at a hundred, enqueue raises TH112. The empty tenant is the limit of all that have none of their own.';

grant select on tollhouse_ops.queue_limits to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
