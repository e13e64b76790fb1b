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
select pg_temp.ask('r1') as call_id into temporary table asked;
create function pg_temp.cancelled()
  returns text
  language sql
as $$
  select tollhouse.cancel(a.call_id) from asked as a
$$;
savepoint queued;

select is(pg_temp.cancelled(), 'cancelled', 'a queued call is cancelled at once');
select results_eq('select status, provider_attempted, attempts, cost_micro_usd from tollhouse_private.llm_api_calls', $$values ('cancelled', false, 0, 0::bigint)$$, 'with its ledger row, and without an attempt');
select is((select count(*) from tollhouse_private.jobs), 0::bigint, 'it is no longer a job');
select is(pg_temp.cancelled(), 'cancelled', 'a second time it is still cancelled');
select is((select count(*) from tollhouse_private.llm_api_calls), 1::bigint, 'once');
rollback to queued;
update tollhouse_private.jobs set state = 'scheduled', run_at = '2100-01-01Z';
select is(pg_temp.cancelled(), 'cancelled', 'a scheduled call is cancelled at once');
rollback to queued;

select pg_temp.claimed();
savepoint running;
select is(pg_temp.cancelled(), 'running', 'a running call is being aborted');
select results_eq('select state, cancel_requested from tollhouse_private.jobs', $$values ('running', true)$$, 'it stays its worker''s until that reports');
select is(pg_temp.cancelled(), 'running', 'a second time too');
savepoint asked_for;
select pg_temp.record(pg_temp.result_of('r1', 'cancelled'));
select is(pg_temp.cancelled(), 'cancelled', 'then it is cancelled');
select is((select provider_attempted from tollhouse_private.llm_api_calls), true, 'and says that it may have been billed');
rollback to asked_for;
select pg_temp.record(pg_temp.result_of('r1', 'success'));
select is(pg_temp.cancelled(), 'success', 'an answer that was faster is an answer');
rollback to running;
select pg_temp.record(pg_temp.result_of('r1', 'timeout'));
select is(pg_temp.cancelled(), 'cancelled', 'a call between two attempts is cancelled at once');
select results_eq('select provider_attempted, attempts, cost_micro_usd, cost_basis, error_code from tollhouse_private.llm_api_calls', $$values (true, 1, 528::bigint, 'reservation', 'timeout')$$, 'with what it has cost so far');
rollback to running;

-- The waiting and the waited for.
select pg_temp.ask('r2', 'route', '{"prompt": "r1"}') as call_id into temporary table follower;
select pg_temp.claimed();
savepoint coalesced;
select is(tollhouse.cancel((select call_id from follower)), 'cancelled', 'a call that waits for another''s answer is cancelled at once');
select is((select state from tollhouse_private.jobs), 'running', 'and the other runs on');
rollback to coalesced;
select pg_temp.record(pg_temp.result_of('r1', 'timeout'));
select pg_temp.cancelled();
select results_eq('select request_id, state from tollhouse_private.jobs', $$values ('r2', 'queued')$$, 'when the one that was waited for is cancelled the waiting one is queued');
rollback to running;

-- Whose.
select tollhouse.set_identity('acme', 'bob');
select is(pg_temp.cancelled(), null, 'another user''s call is none to cancel');
select tollhouse.set_identity('globex', 'ann');
select is(pg_temp.cancelled(), null, 'nor another tenant''s');
select set_config('tollhouse.tenant_id', '', true);
select throws_ok('select pg_temp.cancelled()', 'TH001', null, 'and who does not say who they are cancels nothing');

select * from finish();
rollback;
