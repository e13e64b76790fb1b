begin;
select plan(21);

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
  $$select tollhouse_private.close_calls(array(select row(h.job, null, 'failed', null, false, false, 'ignored', 0, 'none', null, null)::tollhouse_private.settlement from held as h), clock_timestamp())$$,
  '40001', null, 'a call can''t be closed twice, even by a bug');
select lives_ok($$select tollhouse_private.close_calls('{}', now())$$, 'closing nothing is nothing');

select * from finish();
rollback;
