begin;
select plan(15);

\ir batch.psql

-- Cache and coalescing.
select pg_temp.ask('r1', 'why?');
select pg_temp.ask('r2', 'why?');
select pg_temp.ask('r3', 'why not?');
select pg_temp.ask('r4', 'why?', false);
select is(pg_temp.claimed(), 3::bigint, 'of identical calls in a batch one goes out; who wants a fresh answer goes by itself');
select results_eq('select pg_temp.calls()', array['r1: running', 'r2: coalesced', 'r3: running', 'r4: running'], 'the other waits for its answer');
select pg_temp.ask('r5', 'why?');
select is(pg_temp.claimed(), 0::bigint, 'a later identical call waits too');
savepoint in_flight;
select pg_temp.answer_all();
select is(pg_temp.claimed(), 0::bigint, 'when the answer is there no further attempt is made');
select results_eq('select request_id, status, was_cached, cost_micro_usd from tollhouse_private.llm_api_calls order by 1',
  $$values ('r1', 'success', false, 19::bigint), ('r2', 'success', true, 0), ('r3', 'success', false, 19), ('r4', 'success', false, 19), ('r5', 'success', true, 0)$$,
  'those that waited get it for nothing');
select is_empty('select from tollhouse_private.response_cache where expires_at is null', 'and none is waited for any more');
rollback to in_flight;
select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
  select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'rejected'))
  from tollhouse_private.jobs as j where j.request_id = 'r1'));
select results_eq('select pg_temp.calls()', array['r1: failed', 'r2: queued', 'r3: running', 'r4: running', 'r5: queued'],
  'when the call that went out fails for good the waiting ones are queued');
select is(pg_temp.claimed(), 1::bigint, 'and one of them goes out in its place');
rollback to in_flight;
update tollhouse_private.jobs set attempts = 1 where request_id = 'r1';
select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
  select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'not_sent'))
  from tollhouse_private.jobs as j where j.request_id = 'r1'));
select tollhouse_ops.stop_everything('test');
select pg_temp.claimed();
select results_eq($$select request_id, state from tollhouse_private.jobs where request_id in ('r1', 'r2', 'r5')$$, $$values ('r2', 'queued'), ('r5', 'queued')$$,
  'when the call that should have gone out again is blocked the waiting ones are queued');
rollback to start;

-- Answers whose copies would fill the server.
select pg_temp.ask('r' || i, 'why?') from generate_series(1, 4) as i;
select pg_temp.claimed();
select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
  select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'success',
    'input_tokens', 5, 'output_tokens', 7, 'response', jsonb_build_object('content', repeat('because ', 700000))))
  from tollhouse_private.jobs as j where j.state = 'running'));
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: success', 'r2: success', 'r3: success', 'r4: queued'], 'a claim hands out answers until they have 8 MB, and leaves the rest queued');
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: success', 'r2: success', 'r3: success', 'r4: success'], 'for the next one');
select is((select count(distinct request) from tollhouse_private.call_content), 1::bigint, 'each is kept with its request');
rollback to start;

-- An answer that is no longer there when it is to be handed over.
select pg_temp.ask('r1', 'why?');
select pg_temp.claimed();
select pg_temp.answer_all();
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r2', p_run_at => clock_timestamp() + interval '1 minute');
update tollhouse_private.jobs set run_at = clock_timestamp();
savepoint due;
select is(pg_temp.claimed(), 0::bigint, 'a call whose time has come is answered from the cache');
select is((select was_cached from tollhouse_private.llm_api_calls where request_id = 'r2'), true, 'at its claim');
rollback to due;
create or replace function tollhouse_private.cached_result(p_job tollhouse_private.work) returns tollhouse_private.attempt_result language sql as $$ select null::tollhouse_private.attempt_result $$;
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: success', 'r2: queued'], 'an entry that vanished leaves its call queued');

select * from finish();
rollback;
