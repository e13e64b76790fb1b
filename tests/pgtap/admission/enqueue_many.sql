begin;
select plan(13);

\ir census.psql

select results_eq(
  $$select request_id, status, deduplicated from tollhouse.enqueue_many('[
    {"endpoint": "route", "request": {"prompt": "b"}, "request_id": "r2", "watermark": "w", "use_cache": false, "max_cost_micro_usd": 5, "metadata": {"a": 1}},
    {"endpoint": "explanation", "request": {"prompt": "c"}, "request_id": "r3", "run_at": "tomorrow", "model": "small"},
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
select throws_ok(
  format('select tollhouse.enqueue_many(%L)', jsonb_build_array('{"endpoint": "route", "request": {"prompt": "a"}}'::jsonb || field)),
  'TH102', null, 'a field that is not of its type is a bad call: ' || field::text
)
from unnest(array['{"max_cost_micro_usd": "much"}', '{"max_cost_micro_usd": 1e30}', '{"run_at": "soon"}', '{"use_cache": "maybe"}']::jsonb[]) as field;
select throws_ok($$select tollhouse.enqueue_many('{}')$$, 'TH102', null, 'an object is no batch');
select throws_ok($$select tollhouse.enqueue_many(null)$$, 'TH102', null, 'nor is null');
select is_empty($$select tollhouse.enqueue_many('[]')$$, 'an empty batch is nothing');
select is((select count(*) from tollhouse_private.request_keys), 0::bigint, 'and none of it wrote a row');

select * from finish();
rollback;
