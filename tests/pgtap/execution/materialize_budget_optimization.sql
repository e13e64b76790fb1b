begin;
select plan(8);

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
