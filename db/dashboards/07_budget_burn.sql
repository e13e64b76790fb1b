-- How fast are budgets being spent, and where will the month end?
--
-- tenant_id: tenant
-- user_id: user; empty is the tenant as a whole
-- cap_usd: cap for the current month (UTC), in USD; empty if none
-- spent_usd: spent so far, in USD
-- reserved_usd: reserved for calls in flight, in USD
-- used_percent: spent and reserved as a share of the cap, in percent
-- month_elapsed_percent: elapsed share of the month, in percent
-- last_24h_usd: spent in the last 24 hours, in USD
-- projected_usd: projected spend at the end of the month at that rate, in USD
-- cap_reached_at: when the cap will be reached at that rate; empty if not this month

select
  tenant_id, user_id, cap_usd, spent_usd, reserved_usd, used_percent, month_elapsed_percent,
  last_24h_usd, projected_usd, cap_reached_at
from tollhouse.budget_burn
order by used_percent desc nulls last, projected_usd desc, tenant_id, user_id
limit 500;
