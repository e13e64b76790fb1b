-- Deploy tollhouse:ops/attempts to pg

begin;
set local role tollhouse_owner;

create view tollhouse.provider_performance with (security_invoker = true) as
select
  pa.provider, pa.model, pa.endpoint,
  pg_catalog.count(*) filter (where not pa.late) as attempts,
  pg_catalog.round(
    100.0 * pg_catalog.count(*) filter (where pa.outcome = 'success' and not pa.late)
      / nullif(pg_catalog.count(*) filter (where not pa.late), 0), 1) as success_percent,
  pg_catalog.round(pg_catalog.sum(pa.cost_micro_usd) / 1000000.0, 6) as cost_usd,
  pg_catalog.round(
    pg_catalog.sum(pa.cost_micro_usd) / 1000000.0
      / nullif(pg_catalog.count(*) filter (where pa.outcome = 'success'), 0), 6) as cost_per_answer_usd,
  pg_catalog.sum(pa.input_tokens) as input_tokens,
  pg_catalog.sum(pa.output_tokens) as output_tokens,
  pg_catalog.round(pg_catalog.percentile_cont(0.5) within group (order by pa.latency_ms) filter (where pa.outcome = 'success')) as p50_ms,
  pg_catalog.round(pg_catalog.percentile_cont(0.95) within group (order by pa.latency_ms) filter (where pa.outcome = 'success')) as p95_ms,
  pg_catalog.round(pg_catalog.percentile_cont(0.99) within group (order by pa.latency_ms) filter (where pa.outcome = 'success')) as p99_ms,
  pg_catalog.max(pa.latency_ms) filter (where pa.outcome = 'success') as max_ms
from tollhouse_private.provider_attempts as pa
where pa.created_at >= pg_catalog.now() - interval '24 hours'
group by pa.provider, pa.model, pa.endpoint;
comment on view tollhouse.provider_performance is
  'Attempts of the last 24 hours'' calls: their cost and latency. Tenants see their own, operators all.';

grant select on tollhouse.provider_performance to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

create view tollhouse.retries with (security_invoker = true) as
select
  a.tenant_id, a.provider, a.model,
  pg_catalog.count(*) filter (where not a.late) as attempts,
  pg_catalog.count(*) filter (where a.again) as retries,
  pg_catalog.count(*) filter (where a.outcome <> 'success' and not a.late) as without_answer,
  pg_catalog.count(*) filter (where a.outcome = 'abandoned') as abandoned,
  pg_catalog.count(*) filter (where a.late) as late,
  pg_catalog.round(
    coalesce(pg_catalog.sum(a.cost_micro_usd) filter (where a.outcome <> 'success' and not a.late), 0) / 1000000.0, 6
  ) as charged_without_answer_usd,
  pg_catalog.round(coalesce(pg_catalog.sum(a.cost_micro_usd) filter (where a.late), 0) / 1000000.0, 6) as corrected_by_late_usd
from (
  select
    pa.tenant_id, pa.provider, pa.model, pa.late, pa.outcome, pa.cost_micro_usd,
    -- The attempt number alone is not enough: it also counts claims that were handed back unsent.
    not pa.late and pa.attempt > 1 and exists (
      select from tollhouse_private.provider_attempts as before
      where before.tenant_id = pa.tenant_id
        and before.call_id = pa.call_id
        and before.created_at = pa.created_at
        and before.attempt < pa.attempt
    ) as again
  from tollhouse_private.provider_attempts as pa
  where pa.created_at >= pg_catalog.now() - interval '24 hours'
) as a
group by a.tenant_id, a.provider, a.model;
comment on view tollhouse.retries is
  'Attempts of the last 24 hours'' calls that were retries, got no answer, were abandoned because their worker died, or whose result arrived after that (late).';

grant select on tollhouse.retries to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
