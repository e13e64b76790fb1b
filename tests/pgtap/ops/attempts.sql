begin;
select plan(7);
-- Attempts at two models: answers, a call that took three, a late result.
create function pg_temp.attempted(p_call text, p_attempt integer, p_change jsonb default '{}') returns void language sql as $$
  insert into tollhouse_private.provider_attempts
  select (jsonb_populate_record(null::tollhouse_private.provider_attempts, jsonb_build_object(
    'tenant_id', 'acme', 'user_id', 'ann', 'call_id', md5(p_call)::uuid, 'attempt', p_attempt, 'late', false,
    'created_at', now(), 'started_at', now(), 'finished_at', now(), 'endpoint', 'route', 'provider', 'north', 'model', 'small',
    'worker_id', md5('w')::uuid, 'outcome', 'success', 'sent', true, 'cost_micro_usd', 100, 'cost_basis', 'usage', 'budget_month', '2030-01-01',
    'input_tokens', 10, 'output_tokens', 20
  ) || p_change)).*
$$;
do $$
begin
  perform tollhouse_private.ensure_partitions(now() - interval '40 days', now());
  -- A hundred answers of 1 to 100 ms.
  perform pg_temp.attempted('call-' || n, 1, jsonb_build_object('latency_ms', n)) from generate_series(1, 100) as n;
  -- One call that took three attempts; the second claim was handed back unsent.
  perform pg_temp.attempted('hard', 1, '{"model": "large", "outcome": "timeout", "cost_micro_usd": 1000, "latency_ms": 9000, "input_tokens": null, "output_tokens": null}'),
    pg_temp.attempted('hard', 3, '{"model": "large", "outcome": "abandoned", "cost_micro_usd": 1000, "input_tokens": null, "output_tokens": null}'),
    pg_temp.attempted('hard', 4, '{"model": "large", "cost_micro_usd": 300, "latency_ms": 500}'),
    pg_temp.attempted('hard', 3, '{"model": "large", "late": true, "cost_micro_usd": -800, "latency_ms": 20000}');
  -- Handed back once, then answered: its first attempt is number 2.
  perform pg_temp.attempted('handed-back', 2, '{"model": "large", "cost_micro_usd": 300, "latency_ms": 700, "user_id": "bob"}');
  perform pg_temp.attempted('other', 1, '{"model": "large", "tenant_id": "globex", "latency_ms": 900, "cost_micro_usd": 300}');
  perform pg_temp.attempted('old', 1, jsonb_build_object('created_at', now() - interval '25 hours', 'latency_ms', 99999));
end
$$;

-- provider_performance
savepoint apart;
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
rollback to apart;

-- retries
select results_eq(
  $$select tenant_id, model, attempts, retries, without_answer, abandoned, late, charged_without_answer_usd, corrected_by_late_usd from tollhouse.retries order by tenant_id, model$$,
  $$values ('acme', 'large', 4::bigint, 2::bigint, 2::bigint, 1::bigint, 1::bigint, 0.002000, -0.000800), ('acme', 'small', 100, 0, 0, 0, 0, 0.000000, 0.000000),
    ('globex', 'large', 1, 0, 0, 0, 0, 0.000000, 0.000000)$$,
  'retries: attempts that were not their call''s first, by what the calls went through, not by the attempt''s number'
);

set local tollhouse.tenant_id = 'globex';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select results_eq('select tenant_id, attempts from tollhouse.retries', $$values ('globex', 1::bigint)$$, 'a tenant reads its own attempts');
set local tollhouse.user_id = 'bob';
select is_empty('select from tollhouse.retries', 'another user sees none of them');

select * from finish();
rollback;
