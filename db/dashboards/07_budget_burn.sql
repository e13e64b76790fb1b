-- How fast do the budgets burn, and where will the month end?
--
-- tenant_id: tenant
-- user_id: user; empty is the tenant as a whole
-- cap_usd: cap of the running month (UTC), in USD; none when empty
-- spent_usd: spent so far, in USD
-- reserved_usd: held back for running calls, in USD
-- used_percent: spent and reserved as a share of the cap, in percent
-- month_elapsed_percent: how much of the month is over, in percent
-- last_24h_usd: spent in the last 24 hours, in USD
-- projected_usd: spend at the end of the month at that pace, in USD
-- cap_reached_at: when the cap is reached at that pace; empty when not in this month

select
  tenant_id, user_id, cap_usd, spent_usd, reserved_usd, used_percent, month_elapsed_percent,
  last_24h_usd, projected_usd, cap_reached_at
from tollhouse.budget_burn
order by used_percent desc nulls last, projected_usd desc, tenant_id, user_id
limit 500;
