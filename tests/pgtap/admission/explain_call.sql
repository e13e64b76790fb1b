begin;
select plan(4);

\ir explained.psql

create function pg_temp.told(p_request_id text default 'r1')
  returns text
  language sql
as $$
  select concat_ws(' | ', e.status, e.why, e.queue_position)
  from tollhouse_private.request_keys as rk
  cross join lateral tollhouse_private.explain_call(rk, clock_timestamp()) as e
  where rk.request_id = p_request_id
$$;
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
select is(pg_temp.told(), 'queued | It is in line for the next free worker. | 1', 'a call that waits, with its place');
select pg_temp.tick();
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r2');
select is(pg_temp.told('r2'), 'queued | It is in line for the next free worker. | 2', 'behind the one before it');
select pg_temp.claimed();
select is(pg_temp.told('r2'), 'queued | The same request is in flight already; this call waits for its answer instead of paying twice.', 'one that waits for another is queued to its caller');
select pg_temp.record('success');
select is(pg_temp.told(), 'success | Answered by small after 1 attempt.', 'and one that is over');

select * from finish();
rollback;
