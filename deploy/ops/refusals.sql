-- Deploy tollhouse:ops/refusals to pg

begin;
set local role tollhouse_owner;

create view tollhouse.refusals with (security_invoker = true) as
select
  tollhouse_private.refusing_guard(c.blocked_reason) as guard,
  c.blocked_reason, c.tenant_id, c.endpoint,
  pg_catalog.count(*) as calls,
  pg_catalog.count(*) filter (where c.finished_at >= pg_catalog.now() - interval '1 hour') as last_hour,
  pg_catalog.count(*) filter (where c.provider_attempted) as after_attempts,
  pg_catalog.round(pg_catalog.sum(c.cost_micro_usd) / 1000000.0, 6) as cost_usd,
  pg_catalog.count(distinct c.user_id) as users,
  pg_catalog.max(c.finished_at) as last_at
from tollhouse_private.llm_api_calls as c
where c.created_at >= pg_catalog.now() - interval '24 hours'
  and c.status = 'blocked'
group by c.blocked_reason, c.tenant_id, c.endpoint;
comment on view tollhouse.refusals is
  'Calls of the last 24 hours (by creation) that a guard refused. after_attempts: of these, aborted in flight by a kill switch, or refused a further attempt. cost_usd: what those attempts cost.';

grant select on tollhouse.refusals to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
