begin;
select plan(5);

\ir attempts.psql

-- Costs add up over the attempts.
select pg_temp.record(pg_temp.result_of('r1', 'timeout'));
update tollhouse_private.jobs set run_at = clock_timestamp();
select is(pg_temp.claimed(), 1::bigint, 'a call that is due again is claimed again');
select is(pg_temp.ends('success'), 'success attempted 2 547; sent usage 19; 547+0; breaker 0', 'a call costs what all its attempts cost');
savepoint second_attempt;
select pg_temp.record(pg_temp.result_of('r1', 'success'));
select results_eq('select cost_basis, cost_micro_usd, error_code from tollhouse_private.llm_api_calls', $$values ('reservation', 547::bigint, null::text)$$,
  'a cost that is partly a reservation says so, and a success has no error');
rollback to second_attempt;
select is(pg_temp.ends('cancelled', '{"sent": false}'), 'cancelled attempted 2 528; unsent none 0; 528+0; breaker 1', 'a provider that was attempted once was attempted');
rollback to running;

select pg_temp.record(pg_temp.result_of('r1', 'server_error', jsonb_build_object('http_status', 503, 'error_code', 'overloaded', 'error_message', repeat('x', 600), 'latency_ms', 12, 'provider_request_id', 'req_1')));
select results_eq('select state, worker_id, started_at, reserved_micro_usd, error_code from tollhouse_private.jobs', $$values ('scheduled', null::uuid, null::timestamptz, 0::bigint, 'overloaded')$$,
  'a call that waits for its next attempt is nobody''s');

select * from finish();
rollback;
