begin;
select plan(35);

savepoint materialize;
\ir scene.psql

-- Materializers: one that raises costs nobody else their result.
create schema shop;
create function shop.keep(text, text, uuid, timestamptz, jsonb, jsonb) returns void language plpgsql as $$
begin
  if $5 ->> 'prompt' = 'raise' then
    raise exception using errcode = 'P0042', message = 'no shelf left';
  elsif $5 ->> 'prompt' = 'cancel' then
    raise exception using errcode = '57014', message = 'enough';
  elsif $5 ->> 'prompt' = 'assert' then
    assert false, 'never';
  end if;
  insert into shop.shelf values ($1, $2, $3, $4, $5 ->> 'prompt', $6 ->> 'content');
end
$$;
create table shop.shelf (tenant_id text, user_id text, call_id uuid, created_at timestamptz, asked text, answered text);
grant usage on schema shop to tollhouse_engine, tollhouse_owner;
grant insert on shop.shelf to tollhouse_engine, tollhouse_owner;
grant execute on function shop.keep(text, text, uuid, timestamptz, jsonb, jsonb) to tollhouse_engine, tollhouse_owner;
select tollhouse_ops.set_task_type('route', 'test', p_materializer => 'shop.keep');
select pg_temp.ask('good');
select pg_temp.ask('raise');
select pg_temp.ask('i1', 'investigation');
select pg_temp.claimed();
savepoint three_running;
select is(pg_temp.record(pg_temp.result_of('good', 'success'), pg_temp.result_of('raise', 'success'), pg_temp.result_of('i1', 'success')), '3 booked, 0 late', 'a batch with a materializer that raises is booked');
select results_eq('select request_id, status, error_code, error_message, cost_micro_usd from tollhouse_private.llm_api_calls order by request_id',
  $$values ('good', 'success', null::text, null::text, 19::bigint), ('i1', 'success', null, null, 19),
    ('raise', 'success', 'materializer_failed', 'shop.keep: no shelf left (P0042)', 19)$$,
  'each keeps its result, and the one it happened to says so');
select results_eq('select tenant_id, user_id, asked, answered from shop.shelf', $$values ('acme', 'ann', 'good', 'because')$$, 'a materializer of one''s own gets whose call it was, what was asked and what was answered');
select results_eq('select s.call_id, s.created_at from shop.shelf as s', $$select call_id, created_at from tollhouse_private.llm_api_calls where request_id = 'good'$$, 'under its call');
select is((select count(*) from tollhouse_private.investigations), 1::bigint, 'other endpoints'' rows are there');
rollback to three_running;
revoke execute on function shop.keep(text, text, uuid, timestamptz, jsonb, jsonb) from public, tollhouse_engine;
select pg_temp.record(pg_temp.result_of('good', 'success'));
select is((select error_message from tollhouse_private.llm_api_calls), 'shop.keep: permission denied for function keep (42501)', 'a materializer runs with no more rights than it was given');
rollback to three_running;
drop function shop.keep(text, text, uuid, timestamptz, jsonb, jsonb);
select pg_temp.record(pg_temp.result_of('good', 'success'));
select is((select error_code from tollhouse_private.llm_api_calls), 'materializer_failed', 'one that is gone costs no result either');
rollback to three_running;
select pg_temp.record(pg_temp.result_of('good', 'rejected'));
select is((select count(*) from shop.shelf), 0::bigint, 'only a success is materialized');
rollback to three_running;
select pg_temp.record(pg_temp.result_of('good', 'success', '{"materialize": false}'));
select results_eq('select status, error_code, error_message, cost_micro_usd from tollhouse_private.llm_api_calls',
  $$values ('success', 'materializer_failed', 'shop.keep: it exceeded the worker''s statement timeout', 19::bigint)$$, 'one that took too long is left out, and its call keeps its answer');
select is((select count(*) from shop.shelf), 0::bigint, 'which is not materialized');
rollback to three_running;
select pg_temp.ask('cancel');
select pg_temp.ask('assert');
select pg_temp.claimed();
select is(pg_temp.record(pg_temp.result_of('good', 'success'), pg_temp.result_of('cancel', 'success'), pg_temp.result_of('assert', 'success')), '3 booked, 0 late', 'what others does not catch is caught too');
select results_eq('select request_id, error_message from tollhouse_private.llm_api_calls where error_code is not null order by 1',
  $$values ('assert', 'shop.keep: never (P0004)'), ('cancel', 'shop.keep: enough (57014)')$$, 'each is its own call''s matter');
rollback to materialize;

savepoint close_calls;
\ir scene.psql
savepoint start;

-- A success, kept in full.
select tollhouse.enqueue('investigation', '{"prompt": "why?"}', 'r1', p_metadata => '{"ticket": 7}');
select pg_temp.claimed();
savepoint running;
select pg_temp.record(pg_temp.result_of('r1', 'success', '{"reasoning": "hm", "metadata": {"finish_reason": "stop"}, "latency_ms": 12}'));
select results_eq(
  $$select tenant_id, user_id, endpoint, request_id, status, blocked_reason, was_cached, provider_attempted, attempts, provider, model,
      input_tokens, output_tokens, cost_micro_usd, cost_basis, latency_ms, error_code from tollhouse_private.llm_api_calls$$,
  $$values ('acme', 'ann', 'investigation', 'r1', 'success', null::text, false, true, 1, 'mock', 'small', 5, 7, 19::bigint, 'usage', 12, null::text)$$,
  'a finished call is one ledger row');
select is((select count(*) from tollhouse_private.jobs), 0::bigint, 'and no longer a job');
select results_eq($$select content_ref = call_id, reasoning_ref = call_id, metadata_ref = call_id from tollhouse_private.llm_api_calls$$, $$values (true, true, true)$$, 'its content, reasoning and metadata are behind its refs');
select results_eq('select request, response, reasoning, metadata from tollhouse_private.call_content',
  $$values ('{"prompt": "why?"}'::jsonb, '{"content": "because", "finish_reason": "stop"}'::jsonb, 'hm', '{"client": {"ticket": 7}, "provider": {"finish_reason": "stop"}}'::jsonb)$$,
  'as asked and as answered');
select results_eq('select question, findings from tollhouse_private.investigations', $$values ('why?', 'because')$$, 'its endpoint''s row is there');
select results_eq('select call_id, created_at from tollhouse_private.investigations', 'select call_id, created_at from tollhouse_private.llm_api_calls', 'under the same call');
select is((select count(*) from tollhouse_private.deliveries), 0::bigint, 'what is kept is not delivered apart');
select tollhouse.enqueue('investigation', '{"prompt": "why?"}', 'r2');
select results_eq($$select cost_micro_usd, saved_micro_usd from tollhouse_private.llm_api_calls where request_id = 'r2' and was_cached$$,
  $$values (0::bigint, 19::bigint)$$, 'a call answered from the cache costs nothing and says what it saved');
rollback to running;
select pg_temp.record(pg_temp.result_of('r1', 'success', '{"saved_micro_usd": 1000}'));
select is((select saved_micro_usd from tollhouse_private.llm_api_calls), null, 'a provider''s answer saved nothing, whatever its worker says');
rollback to running;
select pg_temp.record(pg_temp.result_of('r1', 'success'));
select results_eq('select content_ref is null, reasoning_ref is null, metadata_ref is null from tollhouse_private.llm_api_calls', $$values (false, true, false)$$, 'an answer without reasoning has no ref to any');
rollback to running;

-- Other capture policies.
select tollhouse_ops.set_capture_policy('acme', 'metadata', 'test');
select pg_temp.record(pg_temp.result_of('r1', 'success', '{"reasoning": "hm"}'));
select results_eq('select request, response, reasoning, metadata from tollhouse_private.call_content', $$values (null::jsonb, null::jsonb, null::text, '{"client": {"ticket": 7}}'::jsonb)$$, 'of a tenant that keeps metadata only that is kept');
select results_eq('select content_ref is null, reasoning_ref is null, metadata_ref is null from tollhouse_private.llm_api_calls', $$values (true, true, false)$$, 'and only that has a ref');
select is((select response ->> 'content' from tollhouse_private.deliveries), 'because', 'the answer waits for its caller');
rollback to running;
select tollhouse_ops.set_task_type('investigation', 'test', p_capture => 'none');
select pg_temp.record(pg_temp.result_of('r1', 'success', '{"reasoning": "hm"}'));
select is((select count(*) from tollhouse_private.call_content), 0::bigint, 'of an endpoint that keeps nothing nothing is kept');
select results_eq('select content_ref is null, reasoning_ref is null, metadata_ref is null from tollhouse_private.llm_api_calls', $$values (true, true, true)$$, 'and has no ref');
select ok((select expires_at between now() and clock_timestamp() + interval '15 minutes' from tollhouse_private.deliveries), 'the answer waits, for a while');
select is((select count(*) from tollhouse_private.response_cache), 0::bigint, 'and answers nobody else');
rollback to running;

-- What is no success keeps nothing.
select pg_temp.record(pg_temp.result_of('r1', 'rejected', '{"reasoning": "hm", "metadata": {"a": 1}, "error_code": "bad", "error_message": "no"}'));
select results_eq('select status, error_code, error_message, content_ref, metadata_ref from tollhouse_private.llm_api_calls', $$values ('failed', 'bad', 'no', null::uuid, null::uuid)$$, 'a failure says why and keeps no content');
select is((select count(*) from tollhouse_private.call_content) + (select count(*) from tollhouse_private.deliveries) + (select count(*) from tollhouse_private.investigations), 0::bigint, 'nor leaves it anywhere');
rollback to start;

-- One ledger row a request.
select pg_temp.ask('r1');
select pg_temp.claimed();
create temporary table held on commit drop as select tollhouse_private.work_of(j, j.ctid) as job from tollhouse_private.jobs as j;
select pg_temp.record(pg_temp.result_of('r1', 'success'));
select throws_ok(
  $$select tollhouse_private.close_calls(array(select tollhouse_private.ending(h.job, 'failed') from held as h), clock_timestamp())$$,
  '40001', null, 'a call can''t be closed twice, even by a bug');
select lives_ok($$select tollhouse_private.close_calls('{}', now())$$, 'closing nothing is nothing');
rollback to close_calls;

savepoint announce;
-- What arrives where only another session can see: tests/race/test_notify.py.
select lives_ok($$select tollhouse_private.announce('{}')$$, 'an empty batch tells nobody');
select lives_ok($$
  select tollhouse_private.announce(array[
    jsonb_populate_record(null::tollhouse_private.settlement, jsonb_build_object('job', jsonb_build_object('tenant_id', 'acme', 'user_id', 'ann', 'call_id', gen_random_uuid())))])
$$, 'nobody need listen');

select * from finish();
rollback;
