-- Deploy tollhouse:ops/savings to pg

begin;
set local role tollhouse_owner;

create view tollhouse.savings with (security_invoker = true) as
select
  c.tenant_id, c.endpoint, c.model,
  pg_catalog.count(*) filter (where not c.was_coalesced) as cached,
  pg_catalog.round(coalesce(pg_catalog.sum(c.saved_micro_usd) filter (where not c.was_coalesced), 0) / 1000000.0, 6) as cache_saved_usd,
  pg_catalog.count(*) filter (where c.was_coalesced) as coalesced,
  pg_catalog.round(coalesce(pg_catalog.sum(c.saved_micro_usd) filter (where c.was_coalesced), 0) / 1000000.0, 6) as coalescing_saved_usd,
  pg_catalog.round(coalesce(pg_catalog.sum(c.saved_micro_usd), 0) / 1000000.0, 6) as saved_usd
from tollhouse_private.llm_api_calls as c
where c.created_at >= pg_catalog.date_trunc('month', pg_catalog.now(), 'UTC')
  and c.was_cached
group by 1, 2, 3;
comment on view tollhouse.savings is
  'What calls of the running month (UTC) would have cost and did not: each one answered from the cache, or with the answer of an identical call in flight, saved what that answer had cost its first caller.';

grant select on tollhouse.savings to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
