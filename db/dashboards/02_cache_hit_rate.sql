-- How many answers of the last seven days did no provider have to be paid for?
--
-- day: day (UTC) on which the calls were made
-- tenant_id: tenant
-- endpoint: endpoint
-- answers: calls that got an answer
-- cached: of these, from the cache or with an identical call's answer
-- hit_percent: cached as a share of answers, in percent

select
  day, tenant_id, endpoint, answers, cached, hit_percent
from tollhouse.cache_hit_rate
order by day desc, answers desc, tenant_id, endpoint
limit 1000;
