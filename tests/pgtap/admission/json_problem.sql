begin;
select plan(16);

create function pg_temp.nested(p_levels integer)
  returns jsonb
  language sql
as $$
  select (repeat('[', p_levels) || '1' || repeat(']', p_levels))::jsonb
$$;
create function pg_temp.refused(p_call text)
  returns text
  language plpgsql
as $$
declare
  v_detail text;
begin
  execute 'select tollhouse.enqueue(''explanation'', ' || p_call || ')';
  return 'nothing';
exception
  when others then
    get stacked diagnostics v_detail = pg_exception_detail;
    return sqlstate || ': ' || v_detail;
end
$$;

select is(tollhouse_private.json_problem(null), null, 'null is no problem');
select is(tollhouse_private.json_problem('{"a": [1, "x", null, {"b": -2.5e-300}]}'), null, 'nor is what JSON usually holds');
select is(tollhouse_private.json_problem(pg_temp.nested(64)), null, '64 levels are taken');
select is(tollhouse_private.json_problem(pg_temp.nested(65)), 'it is nested deeper than 64 levels', 'one more is not');
select is(tollhouse_private.json_problem(jsonb_build_object('a', 1, 'b', pg_temp.nested(1500))), 'it is nested deeper than 64 levels', 'wherever they are');
select is(tollhouse_private.json_problem('[9999999999999999999999999999999999999999]'), null, 'a number of 40 digits is taken');
select is(tollhouse_private.json_problem('[10000000000000000000000000000000000000000]'), 'a number in it has more than 40 digits', 'one more is not');
select is(tollhouse_private.json_problem('-1e5000'), 'a number in it has more than 40 digits', 'however it is written, on either side of zero');
select is(tollhouse_private.json_problem(jsonb_build_object('a', repeat('9', 5000), repeat('9', 5000), 1)), null, 'a text may have as many as it likes');

-- At the gate. What a driver can't read must not come out of a claim.
do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test');
  perform tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test');
  perform tollhouse_ops.set_task_type('explanation', 'test', array['small']);
end
$$;
select tollhouse.set_identity('acme', 'ann');
select is(pg_temp.refused($$jsonb_build_object('prompt', 'x', 'tools', pg_temp.nested(1500))$$), 'TH102: it is nested deeper than 64 levels', 'a request nested without end is an invalid request');
select is(pg_temp.refused($$jsonb_build_object('prompt', 'x', 'seed', 1e5000)$$), 'TH102: a number in it has more than 40 digits', 'so is one with a number without end');
select is(pg_temp.refused($$jsonb_build_object('messages', pg_temp.nested(1500))$$), 'TH102: it is nested deeper than 64 levels', 'whatever else is wrong with it');
select is(pg_temp.refused($$'{"prompt": "x"}', p_metadata => jsonb_build_object('a', pg_temp.nested(1500))$$), 'TH109: it is nested deeper than 64 levels', 'metadata too');
select is(pg_temp.refused($$'{"prompt": "x"}', p_metadata => '{"a": 1e5000}'$$), 'TH109: a number in it has more than 40 digits', 'in both ways');
select throws_ok(
  $$select tollhouse.enqueue_many(jsonb_build_array(jsonb_build_object('endpoint', 'explanation', 'request', jsonb_build_object('prompt', 'x', 'tools', pg_temp.nested(1500)))))$$,
  'TH102', null, 'nor does it come in with many others'
);
select is(
  pg_temp.refused($$jsonb_build_object('prompt', 'x', 'tools', jsonb_build_array(jsonb_build_object(
    'type', 'function', 'function', jsonb_build_object('name', 'f', 'parameters', jsonb_build_object('a', pg_temp.nested(59), 'b', 1e39))
  )))$$),
  'nothing', 'what is within the bounds is taken'
);

select * from finish();
rollback;
