-- Deploy tollhouse:ops/spend to pg

begin;
set local role tollhouse_owner;

-- Read from the budgets, one row per user and month, so that a year of spend needs no ledger scan.
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
  'Spend of each tenant (user_id empty) and user in each of the last twelve months (UTC), including corrections from late results.';

grant select on tollhouse.monthly_spend to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

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
  'The current month (UTC) against its cap. projected_usd extrapolates the last 24 hours; cap_reached_at is when spend will reach the cap at that rate, null if not this month or without a cap.';

grant select on tollhouse.budget_burn to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

create view tollhouse.cache_hit_rate with (security_invoker = true) as
select
  (d.begins at time zone 'UTC')::pg_catalog.date as day, c.tenant_id, c.endpoint, c.answers, c.cached,
  pg_catalog.round(100.0 * c.cached / c.answers, 1) as hit_percent
from pg_catalog.generate_series(
  pg_catalog.date_trunc('day', pg_catalog.now(), 'UTC') - interval '144 hours',
  pg_catalog.date_trunc('day', pg_catalog.now(), 'UTC'),
  interval '24 hours'
) as d (begins)
-- Day by day, so that the day is not computed for each of millions of calls and the planner need not estimate groups.
cross join lateral (
  select
    c.tenant_id, c.endpoint,
    pg_catalog.count(*) as answers,
    pg_catalog.count(*) filter (where c.was_cached) as cached
  from tollhouse_private.llm_api_calls as c
  where c.created_at >= d.begins
    and c.created_at < d.begins + interval '24 hours'
    and c.status = 'success'
  group by c.tenant_id, c.endpoint
) as c;
comment on view tollhouse.cache_hit_rate is
  'Answered calls of the last seven days (UTC, by creation), and how many were free: answered from the cache or by coalescing.';

grant select on tollhouse.cache_hit_rate to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

create view tollhouse.savings with (security_invoker = true) as
select
  c.tenant_id, c.endpoint, c.model,
  pg_catalog.count(*) filter (where not c.was_coalesced) as cached,
  pg_catalog.round(coalesce(pg_catalog.sum(c.saved_micro_usd) filter (where not c.was_coalesced), 0) / 1000000.0, 6) as cache_saved_usd,
  pg_catalog.count(*) filter (where c.was_coalesced) as coalesced,
  pg_catalog.round(coalesce(pg_catalog.sum(c.saved_micro_usd) filter (where c.was_coalesced), 0) / 1000000.0, 6) as coalescing_saved_usd,
  pg_catalog.round(coalesce(pg_catalog.sum(c.saved_micro_usd), 0) / 1000000.0, 6) as saved_usd
from tollhouse_private.llm_api_calls as c
where c.created_at >= pg_catalog.date_trunc('month', pg_catalog.now(), 'UTC')
  and c.was_cached
group by 1, 2, 3;
comment on view tollhouse.savings is
  'Savings in the current month (UTC): each call answered from the cache, or with the answer of an identical call in flight, saved what that answer originally cost.';

grant select on tollhouse.savings to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
