begin;
select plan(60);

\ir census.psql

-- Queued.
select results_eq(
  $$select request_id, status, blocked_reason, was_cached, deduplicated from tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')$$,
  $$values ('r1', 'queued', null::text, false, false)$$, 'a first call is queued');
select is(pg_temp.written(), 'jobs +1, request_keys +1', 'that is one key and one job: no counter and no budget is touched');
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
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r2', p_run_at => clock_timestamp() + interval '59 minutes')).blocked_reason, 'hourly_shutoff', 'also for a call that is to run while the shutoff lasts');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r4', p_run_at => clock_timestamp() + interval '61 minutes')).status, 'scheduled', 'but not for one that is to run afterwards');
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

-- Who asks, and what, in one statement.
create role tollhouse_test_bound login in role tollhouse_client;
insert into tollhouse_private.login_bindings (login, tenant_id, user_id) values ('tollhouse_test_bound', 'acme', 'ann');
select set_config('tollhouse.tenant_id', '', true);
select is((tollhouse.enqueue_as('acme', 'bob', 'route', '{"prompt": "why?"}', 'r1')).status, 'queued', 'enqueue_as needs no identity before it');
select results_eq('select tenant_id, user_id from tollhouse_private.jobs', $$values ('acme', 'bob')$$, 'the call is whose it says');
select is((tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1')).deduplicated, true, 'and so are the ones that follow in the transaction');
select is((tollhouse.enqueue_as('globex', 'bob', 'route', '{"prompt": "why?"}', 'r1')).deduplicated, false, 'another tenant''s ids are its own');
select throws_ok($$select tollhouse.enqueue_as('acme', 'b b', 'route', '{"prompt": "why?"}')$$, 'TH002', null, 'a malformed identity is refused');
set local session authorization tollhouse_test_bound;
select throws_ok($$select tollhouse.enqueue_as('acme', 'bob', 'route', '{"prompt": "why?"}')$$, 'TH003', null, 'a bound login asks for nobody else');
select throws_ok($$select tollhouse.enqueue_as('globex', 'ann', 'route', '{"prompt": "why?"}')$$, 'TH003', null, 'of no other tenant');
select is((tollhouse.enqueue_as('acme', 'ann', 'route', '{"prompt": "why?"}', 'r1')).deduplicated, false, 'for itself it does');
set local session authorization default;

select * from finish();
rollback;
