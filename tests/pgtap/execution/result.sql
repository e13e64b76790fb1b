begin;
select plan(16);

\ir scene.psql
create function pg_temp.seen(p_call_id uuid)
  returns text
  language sql
as $$
  select concat_ws(' ', r.status, r.blocked_reason, r.error_code, r.content, r.attempts, r.cost_micro_usd) from tollhouse.result(p_call_id) as r
$$;
select pg_temp.ask('r1') as call_id into temporary table asked;
create function pg_temp.seen()
  returns text
  language sql
as $$
  select pg_temp.seen(a.call_id) from asked as a
$$;
savepoint queued;

-- In every state.
select is(pg_temp.seen(), 'queued 0 0', 'a queued call is queued');
select results_eq('select endpoint, request_id, was_cached, response, model, finished_at from tollhouse.result((select call_id from asked))',
  $$values ('route', 'r1', false, null::jsonb, null::text, null::timestamptz)$$, 'with all that is known of it');
update tollhouse_private.jobs set state = 'coalesced';
select is(pg_temp.seen(), 'queued 0 0', 'a coalesced call is queued to its caller');
rollback to queued;
select pg_temp.claimed();
select is(pg_temp.seen(), 'running 1 0', 'a running call is running');
savepoint running;
select pg_temp.record(pg_temp.result_of('r1', 'timeout', '{"error_code": "timeout"}'));
select is(pg_temp.seen(), 'scheduled timeout 1 528', 'one that waits for its next attempt says why and what it has cost');
rollback to running;
select pg_temp.record(pg_temp.result_of('r1', 'success', '{"latency_ms": 12}'));
select is(pg_temp.seen(), 'success because 1 19', 'a finished call brings its answer');
select results_eq('select response, model, latency_ms, finished_at is not null from tollhouse.result((select call_id from asked))',
  $$values ('{"content": "because", "finish_reason": "stop"}'::jsonb, 'small', 12, true)$$, 'as it came');
select tollhouse.set_identity('acme', 'bob');
select is(pg_temp.seen(), null, 'to nobody else in the tenant');
select tollhouse.set_identity('globex', 'ann');
select is(pg_temp.seen(), null, 'nor outside');
rollback to running;
select pg_temp.record(pg_temp.result_of('r1', 'rejected', '{"error_code": "bad"}'));
select is(pg_temp.seen(), 'failed bad 1 0', 'a failed call says why');
rollback to running;
select pg_temp.record(pg_temp.result_of('r1', 'aborted'));
select is(pg_temp.seen(), 'blocked provider_kill_switch 1 528', 'a blocked one says by which guard');
rollback to running;

-- An answer that may not be kept.
select tollhouse_ops.set_capture_policy('acme', 'none', 'test');
select pg_temp.record(pg_temp.result_of('r1', 'success'));
select is(pg_temp.seen(), 'success because 1 19', 'an answer that may not be kept waits for its caller');
update tollhouse_private.deliveries set expires_at = now();
select is(pg_temp.seen(), 'success 1 19', 'until its time is over: then the call is there and the answer is not');
rollback to running;
select is(pg_temp.seen('00000000-0000-0000-0000-000000000000'), null, 'a call that never was has no row');
select is(pg_temp.seen(null), null, 'nor has null');
select set_config('tollhouse.tenant_id', '', true);
select throws_ok('select pg_temp.seen()', 'TH001', null, 'who has not said who he is is told so');

select * from finish();
rollback;
