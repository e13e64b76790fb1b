begin;
select plan(15);

\ir ../admission/census.psql

select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1');
create temporary table first_call on commit drop as select call_id from tollhouse_private.jobs;
savepoint queued;
select results_eq(
  $$select call_id, request_id, status, was_cached, deduplicated from tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')$$,
  $$select call_id, 'r1', 'queued', false, true from first_call$$, 'the same id with the same request is the same call');
select is(pg_temp.written(), 'jobs +1, request_keys +1', 'and writes nothing');
select results_eq(
  $$select call_id from tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1', p_use_cache => false, p_max_cost_micro_usd => 1, p_run_at => clock_timestamp() + interval '1 day', p_metadata => '{"a": 1}')$$,
  'select call_id from first_call', 'however it is to be treated');
update tollhouse_private.jobs set state = 'coalesced';
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')).status, 'queued', 'one that waits for another''s answer is queued to its caller');
rollback to queued;
select tollhouse_worker.claim('00000000-0000-0000-0000-000000000001', 1);
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')).status, 'running', 'a replay says that it is running');
select pg_temp.work();
select results_eq($$select status, was_cached, deduplicated from tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')$$, $$values ('success', false, true)$$, 'or that it is over');
rollback to queued;
select tollhouse.cancel((select call_id from first_call));
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')).status, 'cancelled', 'a cancelled call is not begun again');
rollback to queued;
select isnt((tollhouse.enqueue('explanation', '{"prompt": "why?"}', 'r1')).call_id, (select call_id from first_call), 'a request id belongs to its endpoint');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}')).deduplicated, false, 'without a request id every call is a new one');
select throws_ok($$select tollhouse.enqueue('route', '{"prompt": "why not?"}', 'r1')$$, 'TH107', null, 'another request under a used id is a misuse');
select throws_ok($$select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1', p_watermark => 'w2')$$, 'TH107', null, 'another watermark too');
select throws_ok($$select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1', p_model => 'small')$$, 'TH107', null, 'and another model');
select tollhouse.set_identity('acme', 'bob');
select results_eq($$select e.deduplicated, e.call_id = f.call_id from tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1') as e cross join first_call as f$$,
  $$values (false, false)$$, 'another user''s ids are its own');
select lives_ok($$select tollhouse.enqueue('explanation', '{"prompt": "why not?"}', 'r1')$$, 'whatever is asked under them');
select tollhouse.set_identity('globex', 'ann');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')).deduplicated, false, 'another tenant''s ids are its own');

select * from finish();
rollback;
