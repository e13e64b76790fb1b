-- Deploy tollhouse:ops/cache_hit_rate to pg

begin;
set local role tollhouse_owner;

create view tollhouse.cache_hit_rate with (security_invoker = true) as
select
  (d.begins at time zone 'UTC')::pg_catalog.date as day, c.tenant_id, c.endpoint, c.answers, c.cached,
  pg_catalog.round(100.0 * c.cached / c.answers, 1) as hit_percent
from pg_catalog.generate_series(
  pg_catalog.date_trunc('day', pg_catalog.now(), 'UTC') - interval '144 hours',
  pg_catalog.date_trunc('day', pg_catalog.now(), 'UTC'),
  interval '24 hours'
) as d (begins)
-- Day by day: the day is not computed for each of millions of calls, nor its groups guessed.
cross join lateral (
  select
    c.tenant_id, c.endpoint,
    pg_catalog.count(*) as answers,
    pg_catalog.count(*) filter (where c.was_cached) as cached
  from tollhouse_private.llm_api_calls as c
  where c.created_at >= d.begins
    and c.created_at < d.begins + interval '24 hours'
    and c.status = 'success'
  group by c.tenant_id, c.endpoint
) as c;
comment on view tollhouse.cache_hit_rate is
  'Answered calls of the last seven days (UTC, by creation) and how many of them no provider was paid for: from the cache, or with another call''s answer.';

grant select on tollhouse.cache_hit_rate to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
