begin;
select plan(20);

do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test');
  perform tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test');
  perform tollhouse_ops.set_price('small', 'input', 1000000, 'test'), tollhouse_ops.set_price('small', 'output', 2000000, 'test');
  perform tollhouse_ops.set_task_type(tt.endpoint, 'test', array['small']) from tollhouse_private.task_types as tt;
  perform tollhouse_worker.register('00000000-0000-0000-0000-000000000001', 'test', 100, 'test');
end
$$;
select tollhouse.set_identity('acme', 'ann');
-- A call id is as old as its millisecond: what is asked after this is younger than what was asked before.
create function pg_temp.tick()
  returns void
  language plpgsql
as $$
declare
  v_now timestamptz := date_trunc('milliseconds', clock_timestamp());
begin
  while date_trunc('milliseconds', clock_timestamp()) = v_now loop
    null;
  end loop;
end
$$;
create function pg_temp.ask(p_request_id text, p_endpoint text default 'route', p_request jsonb default null)
  returns uuid
  language sql
as $$
  select pg_temp.tick();
  select (tollhouse.enqueue(p_endpoint, coalesce(p_request, jsonb_build_object('prompt', p_request_id)), p_request_id)).call_id
$$;
create function pg_temp.claimed(p_limit integer default 100, p_worker_id uuid default '00000000-0000-0000-0000-000000000001')
  returns bigint
  language sql
as $$
  select count(*) from tollhouse_worker.claim(p_worker_id, p_limit)
$$;
-- A result as the worker reports it, of a call that is running.
create function pg_temp.result_of(p_request_id text, p_outcome text, p_more jsonb default '{}')
  returns jsonb
  language sql
as $$
  select jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', p_outcome)
    || case p_outcome when 'success' then '{"input_tokens": 5, "output_tokens": 7, "response": {"content": "because", "finish_reason": "stop"}}'::jsonb else '{}' end
    || p_more
  from tollhouse_private.jobs as j
  where j.request_id = p_request_id
$$;
create function pg_temp.record(variadic p_results jsonb[])
  returns text
  language sql
as $$
  select format('%s booked, %s late', r.booked, r.late)
  from tollhouse_worker.record('00000000-0000-0000-0000-000000000001', to_jsonb(p_results)) as r
$$;
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

-- Waiting.
select throws_ok('select tollhouse.wait_for((select call_id from asked))', 'TH110', null, 'a call that is not committed can''t be waited for');
select throws_ok($$select tollhouse.wait_for((select e.call_id from tollhouse.enqueue_many('[{"endpoint": "route", "request": {"prompt": "many"}}]') as e))$$, 'TH110', null, 'nor one of a batch');
savepoint nested;
select pg_temp.ask('r2') as call_id into temporary table nested;
release nested;
select throws_ok('select tollhouse.wait_for((select call_id from nested))', 'TH110', null, 'nor one that a savepoint wrote');
select is_empty($$select tollhouse.wait_for('00000000-0000-0000-0000-000000000000')$$, 'a call that never was is not waited for');
select tollhouse.cancel((select call_id from asked));
select pg_temp.record(pg_temp.result_of('r1', 'cancelled', '{"sent": false}'));
select is((select status from tollhouse.wait_for((select call_id from asked))), 'cancelled', 'one that is over is there at once');

select * from finish();
rollback;
