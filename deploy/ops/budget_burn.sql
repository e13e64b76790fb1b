-- Deploy tollhouse:ops/budget_burn to pg

begin;
set local role tollhouse_owner;

create view tollhouse.budget_burn with (security_invoker = true) as
select
  mb.tenant_id, mb.user_id,
  pg_catalog.round(mb.cap_micro_usd / 1000000.0, 6) as cap_usd,
  pg_catalog.round(mb.spent_micro_usd / 1000000.0, 6) as spent_usd,
  pg_catalog.round(mb.reserved_micro_usd / 1000000.0, 6) as reserved_usd,
  pg_catalog.round(100.0 * (mb.spent_micro_usd + mb.reserved_micro_usd) / nullif(mb.cap_micro_usd, 0), 1) as used_percent,
  pg_catalog.round((100 * (1 - clock.days_left / clock.days))::numeric, 1) as month_elapsed_percent,
  pg_catalog.round(burn.micro_usd / 1000000.0, 6) as last_24h_usd,
  pg_catalog.round((mb.spent_micro_usd + burn.micro_usd * clock.days_left) / 1000000.0, 6) as projected_usd,
  case
    when mb.spent_micro_usd + mb.reserved_micro_usd >= mb.cap_micro_usd then pg_catalog.now()
    when mb.spent_micro_usd + burn.micro_usd * clock.days_left >= mb.cap_micro_usd
      then pg_catalog.now() + (mb.cap_micro_usd - mb.spent_micro_usd) / burn.micro_usd::double precision * interval '1 day'
  end as cap_reached_at
from tollhouse_private.monthly_budgets as mb
cross join lateral (
  select
    extract(epoch from t.ends - t.begins) / 86400 as days,
    extract(epoch from t.ends - pg_catalog.now()) / 86400 as days_left
  from (
    select
      pg_catalog.date_trunc('month', pg_catalog.now(), 'UTC') as begins,
      (pg_catalog.date_trunc('month', pg_catalog.now() at time zone 'UTC') + interval '1 month') at time zone 'UTC' as ends
  ) as t
) as clock
cross join lateral (
  select coalesce(pg_catalog.sum(hs.spent_micro_usd), 0) as micro_usd
  from tollhouse_private.hourly_spend as hs
  where hs.tenant_id = mb.tenant_id
    and hs.user_id = mb.user_id
    and hs.hour > pg_catalog.now() - interval '24 hours'
) as burn
where mb.month = pg_catalog.date_trunc('month', pg_catalog.now() at time zone 'UTC')::pg_catalog.date;
comment on view tollhouse.budget_burn is
  'The running month (UTC) against its cap. projected_usd goes on as the last 24 hours went; cap_reached_at is when spend meets the cap at that pace, null when not in this month or without a cap.';

grant select on tollhouse.budget_burn to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
