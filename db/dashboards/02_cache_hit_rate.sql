-- How many answers of the last seven days cost nothing?
--
-- day: day (UTC) on which the calls were enqueued
-- tenant_id: tenant
-- endpoint: endpoint
-- answers: calls that were answered
-- cached: of these, answered from the cache or by coalescing
-- hit_percent: cached as a share of answers, in percent

select
  day, tenant_id, endpoint, answers, cached, hit_percent
from tollhouse.cache_hit_rate
order by day desc, answers desc, tenant_id, endpoint
limit 1000;
