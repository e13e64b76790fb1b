begin;
select plan(27);

\ir census.psql

select results_eq(
  $$select request_id, status, deduplicated from tollhouse.enqueue_many('[
    {"endpoint": "route", "request": {"prompt": "b"}, "request_id": "r2", "watermark": "w", "use_cache": false, "max_cost_micro_usd": 5, "metadata": {"a": 1}},
    {"endpoint": "explanation", "request": {"prompt": "c"}, "request_id": "r3", "run_at": "tomorrow", "model": "small"},
    {"endpoint": "route", "request": {"prompt": "a"}, "request_id": "r1"},
    {"endpoint": "route", "request": {"prompt": "a"}, "request_id": "r1"}]')$$,
  $$values ('r3', 'scheduled', false), ('r1', 'queued', false), ('r1', 'queued', true), ('r2', 'queued', false)$$,
  'a batch is a call for each object, in the order of their keys');
select results_eq($$select j.fingerprint = sha256(convert_to(jsonb_build_array(j.user_id, j.endpoint, j.request, j.requested_model, 'w')::text, 'UTF8')), j.cache_key, j.max_cost_micro_usd, j.metadata from tollhouse_private.jobs as j where j.request_id = 'r2'$$, $$values (true, null::bytea, 5::bigint, '{"a": 1}'::jsonb)$$,
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
select throws_ok(
  format('select tollhouse.enqueue_many(%L)', jsonb_build_array('{"endpoint": "route", "request": {"prompt": "a"}}'::jsonb || field)),
  'TH102', null, 'a field that is not of its type is a bad call: ' || field::text
)
from unnest(array['{"max_cost_micro_usd": "much"}', '{"max_cost_micro_usd": 1e30}', '{"run_at": "soon"}', '{"use_cache": "maybe"}']::jsonb[]) as field;
select throws_ok($$select tollhouse.enqueue_many('{}')$$, 'TH102', null, 'an object is no batch');
select throws_ok($$select tollhouse.enqueue_many(null)$$, 'TH102', null, 'nor is null');
select is_empty($$select tollhouse.enqueue_many('[]')$$, 'an empty batch is nothing');
select is((select count(*) from tollhouse_private.request_keys), 0::bigint, 'and none of it wrote a row');

-- A batch is what its calls would be one by one.
create function pg_temp.calls(variadic p_ids text[]) returns jsonb language sql as $$
  select jsonb_agg(jsonb_build_object('endpoint', 'route', 'request', jsonb_build_object('prompt', id), 'request_id', id)) from unnest(p_ids) as id
$$;
create function pg_temp.said(p_calls jsonb) returns text language plpgsql as $$
declare
  v_detail text;
begin
  return (
    select string_agg(concat_ws(' ', e.request_id, e.status, e.blocked_reason, case when e.was_cached then 'cached' end, case when e.deduplicated then 'again' end), ', ')
    from tollhouse.enqueue_many(p_calls) as e
  );
exception
  when others then
    get stacked diagnostics v_detail = pg_exception_detail;
    return sqlstate || ': ' || v_detail;
end
$$;
savepoint batches;
select is(pg_temp.said(pg_temp.calls('c', 'a', 'b', 'a')), 'a queued, a queued again, b queued, c queued', 'ids that stand twice in a batch are one call');
select is(pg_temp.written(), 'jobs +3, request_keys +3', 'with one key and one job each');
select is(pg_temp.said(pg_temp.calls('d', 'b')), 'b queued again, d queued', 'and one that an earlier batch had');
select is(
  pg_temp.said(pg_temp.calls('e') || '[{"endpoint": "route", "request": {"prompt": "another"}, "request_id": "a"}]'),
  'TH107: call 2 of the array: endpoint route, request id a', 'an id that was used for another request refuses the batch and names the call');
select is(
  pg_temp.said('[{"endpoint": "route", "request": {"prompt": "1"}, "request_id": "f"}, {"endpoint": "route", "request": {"prompt": "2"}, "request_id": "f"}]'),
  'TH107: call 2 of the array: endpoint route, request id f', 'so does one used twice in the batch for different ones');
select is(pg_temp.said(pg_temp.calls('g') || '[{"endpoint": "nowhere", "request": {"prompt": "1"}}]'), $$TH101: call 2 of the array: endpoint 'nowhere'$$, 'an unknown endpoint is one call''s');
select is(pg_temp.said(pg_temp.calls('g') || '[{"endpoint": "route", "request": {"prompt": "1"}, "colour": "red"}]'), 'TH102: call 2 of the array: unknown key colour', 'an unknown key too');
select is(pg_temp.said(pg_temp.calls('g') || '[{"endpoint": "route", "request": {"prompt": "1"}, "run_at": "soon"}]'), 'TH102: call 2 of the array: invalid input syntax for type timestamp with time zone: "soon"', 'and a field of the wrong type');
select is(pg_temp.said(pg_temp.calls('g') || '[{"endpoint": "route", "request": {"prompt": "1"}, "request_id": "a b"}]'), $$TH104: call 2 of the array: 'a b'$$, 'and a bad id');
rollback to batches;
select tollhouse.enqueue('route', '{"prompt": "known"}', 'first');
select pg_temp.work();
select is(pg_temp.said(pg_temp.calls('known', 'new', 'known')), 'known success cached, known success cached again, new queued', 'what the cache has is answered at once, what it has not is queued');
select tollhouse_ops.set_shutoff('acme', 'ann', clock_timestamp() + interval '10 minutes', 'test');
select is(
  pg_temp.said(pg_temp.calls('g') || jsonb_build_array(
    jsonb_build_object('endpoint', 'route', 'request', '{"prompt": "h"}'::jsonb, 'request_id', 'h', 'run_at', clock_timestamp() + interval '9 minutes'),
    jsonb_build_object('endpoint', 'route', 'request', '{"prompt": "i"}'::jsonb, 'request_id', 'i', 'run_at', clock_timestamp() + interval '11 minutes'))),
  'g blocked hourly_shutoff, h blocked hourly_shutoff, i scheduled', 'each call is blocked as long as the shutoff lasts');
select tollhouse_ops.pull_kill_switch('endpoint', 'route', 'test');
select is(
  pg_temp.said(pg_temp.calls('j') || '[{"endpoint": "explanation", "request": {"prompt": "k"}, "request_id": "k"}]'),
  'k blocked hourly_shutoff, j blocked provider_kill_switch', 'and by the first guard that has a word');
rollback to batches;
select is((select count(*) from tollhouse.enqueue_many((
  select jsonb_agg(jsonb_build_object('endpoint', 'route', 'request', r.request)) from unnest(array[
    '{"messages": [{"role": "user", "content": "why?"}, {"role": "assistant", "content": "because"}]}', '{"prompt": "x", "temperature": 0.5, "top_p": 1, "max_tokens": 5}',
    '{"messages": [{"role": "tool", "content": "why?", "tool_call_id": "t"}]}', '{"prompt": "x", "max_tokens": null, "stop": ["a"]}']::jsonb[]) as r (request)))),
  4::bigint, 'requests of every kind come in a batch');
select is_empty(
  $$select r.request from unnest(array['{}', '[]', '5', 'null', '{"prompt": " "}', '{"prompt": 5}', '{"prompt": "x", "messages": []}', '{"messages": []}', '{"messages": [5]}', '{"messages": {}}',
    '{"messages": [{"role": "user"}]}', '{"messages": [{"content": "x"}]}', '{"messages": [{"role": ["user"], "content": "x"}]}', '{"messages": [{"role": "king", "content": "x"}]}',
    '{"messages": [{"role": "user", "content": "x"}, {"role": "user", "content": 5}]}', '{"messages": [{"role": "user", "content": "x", "n": 1}]}', '{"messages": [[{"role": "user", "content": "x"}]]}',
    '{"prompt": "x", "n": 2}', '{"prompt": "x", "max_tokens": 0}', '{"prompt": "x", "max_tokens": 1.5}', '{"prompt": "x", "max_tokens": "5"}', '{"prompt": "x", "temperature": 3}', '{"prompt": "x", "top_p": -1}',
    '{"prompt": "x", "max_completion_tokens": 1e30}']::jsonb[]) as r (request)
    where tollhouse_private.sound_request(r.request) or tollhouse_private.request_problem(r.request) is null$$,
  'what is wrong with a request escapes neither the quick look nor the thorough one');

select * from finish();
rollback;
