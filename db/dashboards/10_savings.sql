-- What did the cache and coalescing save in the running month?
--
-- tenant_id: tenant
-- endpoint: endpoint
-- model: model whose answer was reused
-- cached: calls that found it in the cache
-- cache_saved_usd: what those answers had cost their first callers, in USD
-- coalesced: calls that waited for it while it was under way
-- coalescing_saved_usd: what those answers cost the calls that led, in USD
-- saved_usd: both

select
  tenant_id, endpoint, model, cached, cache_saved_usd, coalesced, coalescing_saved_usd, saved_usd
from tollhouse.savings
order by saved_usd desc, tenant_id, endpoint, model
limit 500;
