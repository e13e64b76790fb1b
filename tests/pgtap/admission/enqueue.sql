begin;
select plan(74);

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

-- Rows of every table, so that a refusal is seen to write nothing anywhere.
create function pg_temp.census()
  returns jsonb
  language plpgsql
as $$
declare
  v_table name;
  v_rows bigint;
  v_census jsonb := '{}';
begin
  for v_table in select c.relname from pg_class as c where c.relnamespace = 'tollhouse_private'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition loop
    execute format('select count(*) from tollhouse_private.%I', v_table) into v_rows;
    v_census := v_census || jsonb_build_object(v_table, v_rows);
  end loop;
  return v_census;
end
$$;
create temporary table baseline on commit drop as select pg_temp.census() as census;
create function pg_temp.written()
  returns text
  language sql
as $$
  select string_agg(format('%s +%s', c.key, c.value::bigint - (b.census ->> c.key)::bigint), ', ' order by c.key)
  from jsonb_each_text(pg_temp.census()) as c
  cross join pg_temp.baseline as b
  where c.value <> b.census ->> c.key
$$;
-- Claims and answers everything that is queued.
create function pg_temp.work(p_outcome text default 'success')
  returns void
  language sql
as $$
  select tollhouse_worker.claim('00000000-0000-0000-0000-000000000001', 100);
  select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
    select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', p_outcome,
      'input_tokens', 5, 'output_tokens', 7, 'response', '{"content": "because", "finish_reason": "stop"}'::jsonb))
    from tollhouse_private.jobs as j where j.state = 'running'))
$$;
savepoint start;

-- Queued, and replayed.
select results_eq(
  $$select request_id, status, blocked_reason, was_cached, deduplicated from tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')$$,
  $$values ('r1', 'queued', null::text, false, false)$$, 'a first call is queued');
select is(pg_temp.written(), 'jobs +1, request_keys +1', 'that is one key and one job: no counter and no budget is touched');
create temporary table first_call on commit drop as select call_id from tollhouse_private.jobs;
savepoint queued;
select results_eq(
  $$select call_id, request_id, status, was_cached, deduplicated from tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')$$,
  $$select call_id, 'r1', 'queued', false, true from first_call$$, 'the same id with the same request is the same call');
select is(pg_temp.written(), 'jobs +1, request_keys +1', 'and writes nothing');
select results_eq(
  $$select call_id from tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1', p_use_cache => false, p_max_cost_micro_usd => 1, p_run_at => '2100-01-01Z', p_metadata => '{"a": 1}')$$,
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
select throws_ok($$select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')$$, 'TH107', null, 'another user''s id is taken, and what it stands for is not told');
select tollhouse.set_identity('globex', 'ann');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')).deduplicated, false, 'another tenant''s ids are its own');
rollback to start;

-- Scheduled.
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1', p_run_at => clock_timestamp() + interval '1 hour')).status, 'scheduled', 'a call can wait for its time');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')).status, 'scheduled', 'and a replay says that it does');
select is((select count(*) from tollhouse_worker.claim('00000000-0000-0000-0000-000000000001', 10)), 0::bigint, 'it is not claimed before');
rollback to start;

-- Blocked at once.
select tollhouse_ops.stop_everything('test');
update baseline set census = pg_temp.census();
select results_eq($$select status, blocked_reason, was_cached, deduplicated from tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')$$,
  $$values ('blocked', 'provider_kill_switch', false, false)$$, 'what a kill switch matches is blocked at once');
select is(pg_temp.written(), 'llm_api_calls +1, request_keys +1', 'that is one key and one ledger row: no job, no attempt, no budget');
select results_eq('select status, blocked_reason, provider_attempted, attempts, cost_micro_usd, cost_basis, provider from tollhouse_private.llm_api_calls',
  $$values ('blocked', 'provider_kill_switch', false, 0, 0::bigint, 'none', null::text)$$, 'no provider was asked and nothing was spent');
select results_eq($$select status, blocked_reason, deduplicated from tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')$$,
  $$values ('blocked', 'provider_kill_switch', true)$$, 'its replay is the same refusal');
select tollhouse_ops.resume_everything('test');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')).status, 'blocked', 'also when the switch is lifted');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r2')).status, 'queued', 'a new request id is a new call');
rollback to start;
select tollhouse_ops.set_shutoff('acme', 'ann', clock_timestamp() + interval '1 hour', 'test');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')).blocked_reason, 'hourly_shutoff', 'a user who is shut off is blocked at once');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r2', p_run_at => clock_timestamp() + interval '1 day')).blocked_reason, 'hourly_shutoff', 'also for a call that is scheduled');
select tollhouse_ops.stop_everything('test');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r3')).blocked_reason, 'provider_kill_switch', 'of two reasons the kill switch is named');
rollback to start;

-- From the cache.
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1');
select pg_temp.work();
update baseline set census = pg_temp.census();
savepoint answered;
select results_eq($$select status, was_cached, deduplicated from tollhouse.enqueue('route', '{"prompt": "why?"}', 'r2', p_metadata => '{"a": 1}')$$,
  $$values ('success', true, false)$$, 'an identical request is answered at once');
select is(pg_temp.written(), 'call_content +1, llm_api_calls +1, request_keys +1', 'without a job and without an attempt');
select results_eq(
  $$select status, was_cached, provider_attempted, attempts, cost_micro_usd, provider, model, input_tokens from tollhouse_private.llm_api_calls where request_id = 'r2'$$,
  $$values ('success', true, false, 0, 0::bigint, 'mock', 'small', null::integer)$$, 'free of charge, and it says whose answer it is');
select is((select r.content from tollhouse_private.llm_api_calls as c cross join lateral tollhouse.result(c.call_id) as r where c.request_id = 'r2'), 'because', 'its caller reads the answer as any other');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r2')).was_cached, true, 'a replay says that it was cached');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r3', p_watermark => 'w2')).status, 'queued', 'another watermark is not answered from the cache');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r4', p_use_cache => false)).status, 'queued', 'nor who wants a fresh answer');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r5', p_run_at => clock_timestamp() + interval '1 hour')).status, 'scheduled', 'nor, yet, a scheduled call');
select is((tollhouse.enqueue('explanation', '{"prompt": "why?"}', 'r6')).status, 'queued', 'nor another endpoint');
select tollhouse.set_identity('acme', 'bob');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'b1')).was_cached, true, 'a tenant''s users share the answers of an endpoint that says so');
select tollhouse.set_identity('globex', 'ann');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'g1')).status, 'queued', 'tenants never do');
rollback to answered;
update tollhouse_private.response_cache set expires_at = clock_timestamp();
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r2')).status, 'queued', 'an answer that is no longer fresh answers nothing');
rollback to answered;
select tollhouse_ops.stop_everything('test');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r2')).status, 'blocked', 'a kill switch stops what the cache would have answered');
rollback to answered;
select tollhouse_ops.set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'test');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r2')).status, 'blocked', 'so does a shutoff');
rollback to start;
select tollhouse.enqueue('investigation', '{"prompt": "why?"}', 'i1');
select pg_temp.work();
select tollhouse.set_identity('acme', 'bob');
select is((tollhouse.enqueue('investigation', '{"prompt": "why?"}', 'i2')).status, 'queued', 'an endpoint that keeps answers to the user shares none with another');
select tollhouse.set_identity('acme', 'ann');
select tollhouse.enqueue('investigation', '{"prompt": "why?"}', 'i3');
select is((select count(*) from tollhouse_private.investigations), 2::bigint, 'an answer from the cache is materialized like any other');
rollback to start;

-- Bad input: one clear error, nothing written.
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1');
update baseline set census = pg_temp.census();
create function pg_temp.refuses(p_errcode text, p_call text, p_description text)
  returns text
  language sql
as $$
  select throws_ok('select tollhouse.enqueue(' || p_call || ')', p_errcode, null, p_description)
$$;
select pg_temp.refuses('TH101', $$'nowhere', '{"prompt": "x"}'$$, 'an unknown endpoint is refused');
select pg_temp.refuses('TH101', $$null, '{"prompt": "x"}'$$, 'so is none');
select pg_temp.refuses('TH102', $$'route', '{"question": "x"}'$$, 'a request that is neither a prompt nor messages is refused');
select pg_temp.refuses('TH102', $$'route', null$$, 'so is none');
select pg_temp.refuses('TH102', $$'route', '{"prompt": "x", "max_tokens": 257}'$$, 'more output than the endpoint allows is refused');
select pg_temp.refuses('TH103', $$'route', jsonb_build_object('prompt', repeat('x', 262144))$$, 'an oversized request is refused');
select pg_temp.refuses('TH104', $$'route', '{"prompt": "x"}', ''$$, 'an empty request id is refused');
select pg_temp.refuses('TH104', $$'route', '{"prompt": "x"}', 'a b'$$, 'one with a blank');
select pg_temp.refuses('TH104', $$'route', '{"prompt": "x"}', e'a\n'$$, 'one with a line break');
select pg_temp.refuses('TH104', $$'route', '{"prompt": "x"}', 'é'$$, 'one that is not ASCII');
select pg_temp.refuses('TH104', $$'route', '{"prompt": "x"}', repeat('x', 201)$$, 'one that is too long');
select pg_temp.refuses('TH105', $$'route', '{"prompt": "x"}', p_max_cost_micro_usd => -1$$, 'a negative cost is refused');
select pg_temp.refuses('TH106', $$'route', '{"prompt": "x"}', p_model => 'huge'$$, 'an unknown model is refused');
select pg_temp.refuses('TH107', $$'route', '{"prompt": "x"}', 'r1'$$, 'a used request id is refused');
select pg_temp.refuses('TH108', $$'route', '{"prompt": "x"}', p_watermark => repeat('x', 201)$$, 'an overlong watermark is refused');
select pg_temp.refuses('TH109', $$'route', '{"prompt": "x"}', p_metadata => '[]'$$, 'metadata that is no object is refused');
select pg_temp.refuses('TH109', $$'route', '{"prompt": "x"}', p_metadata => jsonb_build_object('a', repeat('x', 16384))$$, 'oversized metadata is refused');
savepoint bad_input;
select tollhouse_ops.set_task_type('route', 'test', '{}');
select pg_temp.refuses('TH106', $$'route', '{"prompt": "x"}'$$, 'an endpoint without a model takes no call');
rollback to bad_input;
select set_config('tollhouse.tenant_id', '', true);
select pg_temp.refuses('TH001', $$'route', '{"prompt": "x"}'$$, 'without an identity nothing is taken');
rollback to bad_input;
select is(pg_temp.written(), null, 'and none of it wrote a row anywhere');
select is((tollhouse.enqueue('route', jsonb_build_object('prompt', repeat('x', 262144 - octet_length('{"prompt": ""}'))), repeat('~', 200), p_watermark => repeat('x', 200), p_max_cost_micro_usd => 0)).status,
  'queued', 'each at its very limit is taken');
rollback to start;

-- Many at once: all or none.
select results_eq(
  $$select request_id, status, deduplicated from tollhouse.enqueue_many('[
    {"endpoint": "route", "request": {"prompt": "b"}, "request_id": "r2", "watermark": "w", "use_cache": false, "max_cost_micro_usd": 5, "metadata": {"a": 1}},
    {"endpoint": "explanation", "request": {"prompt": "c"}, "request_id": "r3", "run_at": "2100-01-01T00:00:00Z", "model": "small"},
    {"endpoint": "route", "request": {"prompt": "a"}, "request_id": "r1"},
    {"endpoint": "route", "request": {"prompt": "a"}, "request_id": "r1"}]')$$,
  $$values ('r3', 'scheduled', false), ('r1', 'queued', false), ('r1', 'queued', true), ('r2', 'queued', false)$$,
  'a batch is a call for each object, in the order of their keys');
select results_eq($$select watermark, cache_key, max_cost_micro_usd, metadata from tollhouse_private.jobs where request_id = 'r2'$$, $$values ('w', null::bytea, 5::bigint, '{"a": 1}'::jsonb)$$,
  'each with what it asked for');
rollback to start;
select throws_like(
  $$select tollhouse.enqueue_many('[{"endpoint": "route", "request": {"prompt": "a"}, "request_id": "r1"}, {"endpoint": "route", "request": {}, "request_id": "r0"}]')$$,
  'invalid request', 'one bad call refuses the batch');
do $$
declare
  v_detail text;
begin
  perform tollhouse.enqueue_many('[{"endpoint": "route", "request": {"prompt": "a"}, "request_id": "r1"}, {"endpoint": "route", "request": {}, "request_id": "r0"}]');
exception
  when sqlstate 'TH102' then
    get stacked diagnostics v_detail = pg_exception_detail;
    perform set_config('test.detail', v_detail, true);
end
$$;
select is(current_setting('test.detail', true), 'call 2 of the array: it has neither a prompt nor messages', 'the error names the call');
select throws_ok($$select tollhouse.enqueue_many('[{"endpoint": "route", "request": {"prompt": "a"}}, 5]')$$, 'TH102', null, 'an item that is no object is a bad call');
select throws_ok($$select tollhouse.enqueue_many('{}')$$, 'TH102', null, 'an object is no batch');
select throws_ok($$select tollhouse.enqueue_many(null)$$, 'TH102', null, 'nor is null');
select is_empty($$select tollhouse.enqueue_many('[]')$$, 'an empty batch is nothing');
select is((select count(*) from tollhouse_private.request_keys), 0::bigint, 'and none of it wrote a row');

select * from finish();
rollback;
