-- Deploy tollhouse:ops/monthly_spend to pg

begin;
set local role tollhouse_owner;

-- From the budgets, which are one row a user and month: no ledger is read for a year of spend.
create view tollhouse.monthly_spend with (security_invoker = true) as
select
  mb.month, mb.tenant_id, mb.user_id,
  pg_catalog.round(mb.spent_micro_usd / 1000000.0, 6) as spent_usd,
  pg_catalog.round(mb.reserved_micro_usd / 1000000.0, 6) as reserved_usd,
  pg_catalog.round(before.spent_micro_usd / 1000000.0, 6) as month_before_usd,
  pg_catalog.round(100.0 * (mb.spent_micro_usd - before.spent_micro_usd) / nullif(before.spent_micro_usd, 0), 1) as change_percent
from tollhouse_private.monthly_budgets as mb
left join tollhouse_private.monthly_budgets as before
  on before.tenant_id = mb.tenant_id and before.user_id = mb.user_id
  and before.month = (mb.month - interval '1 month')::pg_catalog.date
where mb.month >= (pg_catalog.date_trunc('month', pg_catalog.now() at time zone 'UTC') - interval '11 months')::pg_catalog.date;
comment on view tollhouse.monthly_spend is
  'What each tenant (user_id empty) and user spent in each of the last twelve months (UTC), corrections by late results included.';

grant select on tollhouse.monthly_spend to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
