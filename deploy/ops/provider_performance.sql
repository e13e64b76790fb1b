-- Deploy tollhouse:ops/provider_performance to pg

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
  'Attempts for the calls of the last 24 hours: what they cost and how long their answers took. A tenant''s own, or everybody''s: the reader decides.';

grant select on tollhouse.provider_performance to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
