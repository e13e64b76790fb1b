begin;
select plan(19);

do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test');
  perform tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test'), tollhouse_ops.set_model('large', 'mock', 'mock-large', 'test');
  perform tollhouse_ops.set_task_type('route', 'test', array['small'], p_max_output_tokens => 100, p_max_request_bytes => 100);
end
$$;
-- What an endpoint says of a call: nothing, or its error and what is wrong.
create function pg_temp.says(
  p_request jsonb default '{"prompt": "why?"}', p_request_id text default 'r1', p_model text default null, p_watermark text default '',
  p_max_cost bigint default null, p_run_at timestamptz default null, p_metadata jsonb default null
)
  returns text
  language plpgsql
as $$
declare
  v_detail text;
begin
  perform tollhouse_private.check_call(tt, p_request, p_request_id, p_model, p_watermark, p_max_cost, p_run_at, p_metadata, '2030-01-15 12:00Z')
  from tollhouse_private.task_types as tt where tt.endpoint = 'route';
  return 'nothing';
exception
  when others then
    get stacked diagnostics v_detail = pg_exception_detail;
    return sqlstate || ': ' || v_detail;
end
$$;

select is(pg_temp.says(), 'nothing', 'a call like any other is taken');
select is(pg_temp.says(p_request_id => null, p_model => 'small', p_watermark => 'w', p_max_cost => 0, p_metadata => '{}'), 'nothing', 'with all that one may add');
select is(pg_temp.says('{"question": "why?"}'), 'TH102: it has neither a prompt nor messages', 'what is no request is refused');
select is(pg_temp.says(null), 'TH102: it is not a JSON object', 'so is none');
select is(pg_temp.says('{"prompt": "x", "max_tokens": 100}'), 'nothing', 'a call may ask for as much as its endpoint allows');
select is(pg_temp.says('{"prompt": "x", "max_tokens": 101}'), 'TH102: 101 output tokens asked for, endpoint route allows 100', 'and not for more');
select is(pg_temp.says(jsonb_build_object('prompt', repeat('é', 50))), 'TH103: 114 bytes, endpoint route takes 100', 'a request is measured in bytes');
select is(pg_temp.says(p_request_id => 'a b'), $$TH104: 'a b'$$, 'a request id has no blank');
select is(pg_temp.says(p_max_cost => -1), 'TH105: max_cost_micro_usd -1', 'a call costs nothing or more');
select is(pg_temp.says(p_model => 'large'), $$TH106: endpoint route, model 'large'$$, 'another endpoint''s model is refused');
select is(pg_temp.says(p_watermark => null), 'TH108: it is null', 'a watermark is a text');
select is(pg_temp.says(p_metadata => '[]'), 'TH109: a JSON array of 2 bytes', 'metadata is an object');
select is(pg_temp.says(p_run_at => '2031-01-15 12:00Z'), 'nothing', 'a call may wait for a year');
select matches(pg_temp.says(p_run_at => '2031-01-15 12:00:00.000001Z'), '^TH111: run_at 2031-01-15', 'and not longer: its month''s ledger and its request wait with it');
select is(pg_temp.says(p_run_at => 'infinity'), 'TH111: run_at infinity', 'not for ever');
select is(pg_temp.says(p_run_at => '-infinity'), 'TH111: run_at -infinity', 'nor since ever');
select is(pg_temp.says(p_run_at => '1999-01-01Z'), 'nothing', 'a time gone by is now');
select tollhouse_ops.set_task_type('route', 'test', '{}');
select is(pg_temp.says(), 'TH106: endpoint route, model of its own choice', 'an endpoint without a model takes nothing');

select tollhouse.set_identity('acme', 'ann');
select tollhouse_ops.set_task_type('route', 'test', array['small']);
select throws_ok($$select tollhouse.enqueue('route', '{"prompt": "x"}', p_run_at => '9999-12-31')$$, 'TH111', 'bad run_at', 'enqueue asks all this');

select * from finish();
rollback;
