-- What did the cache and coalescing save in the running month?
--
-- tenant_id: tenant
-- endpoint: endpoint
-- model: model whose answer was reused
-- cached: calls that got it
-- saved_usd: what those answers had cost their first callers, in USD
-- saved_per_call_usd: saved_usd for each call, in USD

select
  tenant_id, endpoint, model, cached, saved_usd, saved_per_call_usd
from tollhouse.savings
order by saved_usd desc, tenant_id, endpoint, model
limit 500;
