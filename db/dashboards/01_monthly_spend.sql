-- What did each tenant and user spend, month by month?
--
-- month: first day of the month (UTC)
-- tenant_id: tenant
-- user_id: user; empty is the tenant as a whole
-- spent_usd: spend in USD, including corrections from late results
-- reserved_usd: reserved for calls in flight, in USD
-- month_before_usd: spend in the previous month, in USD
-- change_percent: change from the previous month, in percent

select
  month, tenant_id, user_id, spent_usd, reserved_usd, month_before_usd, change_percent
from tollhouse.monthly_spend
order by month desc, spent_usd desc, tenant_id, user_id
limit 500;
