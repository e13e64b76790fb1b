begin;
select plan(27);

\ir scene.psql
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
do $$
declare
  v_table text;
begin
  foreach v_table in array array['llm_api_calls', 'provider_attempts', 'call_content'] loop
    execute format('drop table tollhouse_private.%I', v_table || to_char(now() at time zone 'UTC', '_YYYY_MM'));
  end loop;
end
$$;
select is(pg_temp.cancelled(), 'queued', 'without a month for its ledger row a call can''t end yet');
select is(pg_temp.cancelled(), 'queued', 'which may be asked for twice');
select tollhouse_worker.register('00000000-0000-0000-0000-000000000002', 'two', 5, '1.0');
select is(pg_temp.claimed(p_worker_id => '00000000-0000-0000-0000-000000000002'), 0::bigint, 'the worker that comes makes the month, and sends nothing');
select is((select status from tollhouse_private.llm_api_calls), 'cancelled', 'it is cancelled');
rollback to queued;

select pg_temp.claimed();
savepoint running;
select is(pg_temp.cancelled(), 'running', 'a running call is being aborted');
select results_eq('select state, cancel_requested from tollhouse.jobs', $$values ('running', true)$$, 'it stays its worker''s until that reports');
select is(pg_temp.cancelled(), 'running', 'a second time too');
select results_eq($$select why from tollhouse.explain('route', 'r1')$$, $$select format('Attempt 1 has been in flight to small since %s. It is being cancelled.', date_trunc('second', started_at)) from tollhouse_private.jobs$$, 'which explain says');
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
-- Cancelled in the moment in which its attempt failed.
select pg_temp.cancelled();
update tollhouse_private.jobs set state = 'queued', worker_id = null, started_at = null, reserved_micro_usd = 0;
select is(pg_temp.claimed(), 0::bigint, 'a call that is back in the queue when its cancel is seen does not go out again');
select is((select status from tollhouse_private.llm_api_calls), 'cancelled', 'it is cancelled');
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
select tollhouse_worker.set_idle('00000000-0000-4000-8000-000000000001', true);
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
