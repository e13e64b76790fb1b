begin;
select plan(21);

savepoint question_of;
select is(tollhouse_private.question_of('{"prompt": "why?"}'), 'why?', 'a prompt is the question');
select is(tollhouse_private.question_of('{"messages": [{"role": "user", "content": "first"}, {"role": "assistant", "content": "answer"}, {"role": "user", "content": "second"}]}'),
  'second', 'of several messages it is the user''s last');
select is(tollhouse_private.question_of('{"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]}'), e'a\nb', 'its parts are put together');
select is(tollhouse_private.question_of('{"messages": [{"role": "system", "content": "x"}]}'), '', 'where no user speaks there is none');
select is(tollhouse_private.question_of(null), null, 'of a request that may not be kept nothing is');
rollback to question_of;

savepoint investigations;
select columns_are('tollhouse_private', 'investigations', array['tenant_id', 'call_id', 'created_at', 'user_id', 'question', 'findings'], 'an investigation is a question and findings');
select col_is_pk('tollhouse_private', 'investigations', array['tenant_id', 'call_id'], 'one investigation a call');

create function pg_temp.investigates(p_response jsonb)
  returns text
  language sql
as $$
  delete from tollhouse_private.investigations;
  select tollhouse_private.materialize_investigation('acme', 'ann', '00000000-0000-0000-0000-000000000001', '2030-01-15Z', '{"prompt": "why?"}', p_response);
  select concat_ws('/', i.tenant_id, i.user_id, i.question, i.findings) from tollhouse_private.investigations as i
$$;
select pg_temp.investigates('{"content": "sales fell"}');
select tollhouse.set_identity('acme', 'bob');
set local role tollhouse_client;
select is_empty('select from tollhouse.investigations', 'another user reads none of it');
reset role;
select tollhouse.set_identity('acme', 'ann');
set local role tollhouse_client;
select results_eq('select findings from tollhouse.investigations', array['sales fell'], 'its own user does');
reset role;
rollback to investigations;

savepoint materialize_investigation;
create function pg_temp.investigates(p_response jsonb)
  returns text
  language sql
as $$
  delete from tollhouse_private.investigations;
  select tollhouse_private.materialize_investigation('acme', 'ann', '00000000-0000-0000-0000-000000000001', '2030-01-15Z', '{"prompt": "why?"}', p_response);
  select concat_ws('/', i.tenant_id, i.user_id, i.question, i.findings) from tollhouse_private.investigations as i
$$;
select is(pg_temp.investigates('{"content": "sales fell"}'), 'acme/ann/why?/sales fell', 'an investigation''s answer becomes its findings');
select throws_ok($$select pg_temp.investigates('{"content": null}')$$, '23514', null, 'an answer without a text is no finding');
rollback to materialize_investigation;

savepoint budget_optimization_jobs;
select columns_are('tollhouse_private', 'budget_optimization_jobs', array['tenant_id', 'call_id', 'created_at', 'user_id', 'objective', 'recommendation'],
  'a budget optimization is an objective and a recommendation');
select col_is_pk('tollhouse_private', 'budget_optimization_jobs', array['tenant_id', 'call_id'], 'one budget optimization a call');
rollback to budget_optimization_jobs;

savepoint materialize_budget_optimization;
create function pg_temp.recommends(p_content text)
  returns jsonb
  language sql
as $$
  delete from tollhouse_private.budget_optimization_jobs;
  select tollhouse_private.materialize_budget_optimization('acme', 'ann', '00000000-0000-0000-0000-000000000001', '2030-01-15Z', '{"prompt": "spend less"}',
    jsonb_build_object('content', p_content));
  select b.recommendation from tollhouse_private.budget_optimization_jobs as b
$$;
select is(pg_temp.recommends('{"cut": ["tv"]}'), '{"cut": ["tv"]}', 'a recommendation that is JSON is kept as such');
select is(pg_temp.recommends('[1]'), '[1]', 'of whatever kind');
select is(pg_temp.recommends('cut tv'), '{"text": "cut tv"}', 'any other is kept as text');
select is(pg_temp.recommends('{"cut": '), '{"text": "{\"cut\": "}', 'so is broken JSON');
select is(pg_temp.recommends('{"a": "\u0000"}'), '{"text": "{\"a\": \"\\u0000\"}"}', 'and JSON with a character that a text can''t hold');
select is(pg_temp.recommends(''), '{"text": ""}', 'and an empty answer');
select throws_ok($$select pg_temp.recommends(null)$$, '23514', null, 'no text at all is no recommendation');
select is((select objective from tollhouse_private.budget_optimization_jobs), 'spend less', 'the objective is what was asked');

select * from finish();
rollback;
