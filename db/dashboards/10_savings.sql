-- What have the cache and coalescing saved this month?
--
-- tenant_id: tenant
-- endpoint: endpoint
-- model: model whose answer was reused
-- cached: calls answered from the cache
-- cache_saved_usd: original cost of those answers, in USD
-- coalesced: calls that waited for an identical call in flight
-- coalescing_saved_usd: cost of those answers to the leading calls, in USD
-- saved_usd: total of the two, in USD

select
  tenant_id, endpoint, model, cached, cache_saved_usd, coalesced, coalescing_saved_usd, saved_usd
from tollhouse.savings
order by saved_usd desc, tenant_id, endpoint, model
limit 500;
