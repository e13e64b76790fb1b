-- What did each tenant and user spend, month by month?
--
-- month: first day of the month (UTC)
-- tenant_id: tenant
-- user_id: user; empty is the tenant as a whole
-- spent_usd: spent, in USD, corrections by late results included
-- reserved_usd: held back for calls that are running, in USD
-- month_before_usd: spent in the month before, in USD
-- change_percent: change from the month before, in percent

select
  month, tenant_id, user_id, spent_usd, reserved_usd, month_before_usd, change_percent
from tollhouse.monthly_spend
order by month desc, spent_usd desc, tenant_id, user_id
limit 500;
