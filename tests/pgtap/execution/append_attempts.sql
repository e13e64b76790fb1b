begin;
select plan(3);

\ir attempts.psql

select pg_temp.record(pg_temp.result_of('r1', 'timeout'));
update tollhouse_private.jobs set run_at = clock_timestamp();
select pg_temp.claimed();
select pg_temp.record(pg_temp.result_of('r1', 'success'));
select results_eq('select attempt, outcome, cost_micro_usd, late from tollhouse_private.provider_attempts order by attempt',
  $$values (1, 'timeout', 528::bigint, false), (2, 'success', 19, false)$$, 'each attempt has its row');
select is((select sum(cost_micro_usd) from tollhouse_private.provider_attempts), (select spent_micro_usd::numeric from tollhouse_private.monthly_budgets where user_id = ''), 'which add up to what is spent');
rollback to running;

select pg_temp.record(pg_temp.result_of('r1', 'server_error', jsonb_build_object('http_status', 503, 'error_code', 'overloaded', 'error_message', repeat('x', 600), 'latency_ms', 12, 'provider_request_id', 'req_1')));
select results_eq('select http_status, error_code, length(error_message), latency_ms, provider_request_id, provider, model from tollhouse_private.provider_attempts',
  $$values (503, 'overloaded', 500, 12, 'req_1', 'mock', 'small')$$, 'an attempt keeps what the provider said, at a bounded length');

select * from finish();
rollback;
