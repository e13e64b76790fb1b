begin;
select plan(4);

\ir attempts.psql

select results_eq(
  $$select provider, model, endpoint, attempts, success_percent, cost_usd, cost_per_answer_usd, input_tokens, output_tokens from tollhouse.provider_performance order by model desc$$,
  $$values ('north', 'small', 'route', 100::bigint, 100.0, 0.010000, 0.000100, 1000::bigint, 2000::bigint), ('north', 'large', 'route', 5, 60.0, 0.002100, 0.000525, 40, 80)$$,
  'provider_performance: what a day of attempts cost; a late result corrects the cost and is no attempt'
);
select results_eq(
  $$select model, p50_ms::integer, p95_ms::integer, p99_ms::integer, max_ms from tollhouse.provider_performance where model = 'small'$$,
  $$values ('small', 50, 95, 99, 100)$$, 'the latencies of answers, by percentile'
);

set local tollhouse.tenant_id = 'globex';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select results_eq(
  'select model, attempts, cost_usd, p99_ms::integer, max_ms from tollhouse.provider_performance', $$values ('large', 1::bigint, 0.000300, 900, 900)$$,
  'a tenant reads the distribution of its own calls'
);
set local tollhouse.user_id = 'bob';
select is_empty('select from tollhouse.provider_performance', 'another user sees none of them');

select * from finish();
rollback;
