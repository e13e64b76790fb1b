begin;
select plan(41);

\ir flights.psql
-- An ended attempt of a call with a cache key.
create function pg_temp.settled(p_job jsonb default '{}', p_status text default 'success', p_answer text default 'forty-two')
  returns tollhouse_private.settlement language sql as $$
  select row(
    job, jsonb_populate_record(null::tollhouse_private.attempt_result, jsonb_build_object('outcome', p_status, 'response', jsonb_build_object('content', p_answer))),
    p_status, null, false, true, 'success', 7, 'usage', null,
    tollhouse_private.capture_of((job).tenant_id, (job).endpoint), (select tt.cache_ttl from tollhouse_private.task_types as tt where tt.endpoint = (job).endpoint), null, null, null
  )::tollhouse_private.settlement
  from (select pg_temp.work('{"cache_key": "\\x01", "provider": "north", "model": "small"}'::jsonb || p_job) as job) as made
$$;
-- What is in the cache when these have ended, each of which led, but for those of an earlier one's key.
create function pg_temp.stored(variadic p_settlements tollhouse_private.settlement[]) returns text language plpgsql as $$
begin
  delete from tollhouse_private.response_cache;
  insert into tollhouse_private.response_cache (tenant_id, cache_key, scope, call_id, upkeep_at)
  select (s.job).tenant_id, (s.job).cache_key, (s.job).cache_scope, (s.job).call_id, now()
  from unnest(p_settlements) as s where (s.job).cache_key is not null
  on conflict do nothing;
  perform tollhouse_private.store_answers(p_settlements, '2026-01-01 12:00:00+00');
  return pg_temp.entries();
end
$$;
create function pg_temp.entries() returns text language plpgsql as $$
begin
  return (
    select string_agg(format('%s/%s %s %s until %s', rc.tenant_id, rc.scope, coalesce(rc.response ->> 'content', 'its call''s'), rc.cost_micro_usd,
      to_char(rc.expires_at at time zone 'UTC', 'HH24:MI')), ', ' order by rc.tenant_id, rc.scope)
    from tollhouse_private.response_cache as rc
    where rc.expires_at is not null
  );
end
$$;
do $$ begin perform tollhouse_ops.set_task_type('route', 'test', p_capture => 'metadata'); end $$;
select is(pg_temp.stored(pg_temp.settled()), 'acme/ forty-two 7 until 13:00', 'a success is kept for its endpoint''s cache lifetime, with what it cost');
select is(pg_temp.stored(pg_temp.settled('{"cache_scope": "ann"}')), 'acme/ann forty-two 7 until 13:00', 'for its user alone where the scope says so');
select is(pg_temp.stored(pg_temp.settled('{"cache_key": null}')), null, 'a call that may not use the cache leaves nothing in it');
select is(pg_temp.stored(pg_temp.settled('{}', status)), null, status || ' is no answer')
from unnest(array['failed', 'blocked', 'cancelled', null]) as status;
select is(pg_temp.pending(), 1::bigint, 'but one that is tried again is waited for');
select is(pg_temp.stored(pg_temp.settled('{}', 'failed')), null, 'and one that failed');
select is(pg_temp.pending(), 0::bigint, 'is not');
select is(
  pg_temp.stored(pg_temp.settled('{}', 'success', 'same'), pg_temp.settled('{}', 'success', 'same')), 'acme/ same 7 until 13:00',
  'two answers to one question in one batch are one entry'
);
select is(
  pg_temp.stored(pg_temp.settled(), pg_temp.settled('{"tenant_id": "globex"}')),
  'acme/ forty-two 7 until 13:00, globex/ forty-two 7 until 13:00', 'the same question of two tenants is two entries'
);
do $$
begin
  perform tollhouse_private.store_answers(array[pg_temp.settled('{"tenant_id": "globex"}', 'success', 'forty-three')], '2026-01-01 14:00:00+00');
end
$$;
select is(
  (select string_agg(concat_ws(' ', rc.response ->> 'content', to_char(rc.expires_at at time zone 'UTC', 'HH24:MI')), ', ' order by rc.tenant_id) from tollhouse_private.response_cache as rc),
  'forty-two 13:00, forty-three 15:00', 'a newer answer takes the place of the older, and lives from then on'
);
do $$ begin perform tollhouse_private.store_answers(array[pg_temp.settled('{}', 'failed')], '2026-01-01 15:00:00+00'); end $$;
select is(pg_temp.entries(), 'acme/ forty-two 7 until 13:00, globex/ forty-three 7 until 15:00', 'who fails without leading removes none');
update tollhouse_private.response_cache set expires_at = null, provider = null, model = null, cost_micro_usd = null, response = null;
do $$ begin perform tollhouse_private.store_answers(array[pg_temp.settled()], '2026-01-01 15:00:00+00'); end $$;
select is(pg_temp.entries(), null, 'nor does who does not lead fill an entry that another is to fill');

do $$ begin perform tollhouse_ops.set_task_type('route', 'test', p_cache_ttl => '5 minutes'); end $$;
select is(pg_temp.stored(pg_temp.settled()), 'acme/ forty-two 7 until 12:05', 'the lifetime is the endpoint''s');
do $$ begin perform tollhouse_ops.set_task_type('route', 'test', p_cache_ttl => '0'); end $$;
select is(pg_temp.stored(pg_temp.settled()), null, 'a lifetime of nothing keeps nothing');
do $$
begin
  perform tollhouse_ops.set_task_type('route', 'test', p_cache_ttl => '1 hour'), tollhouse_ops.set_capture_policy('acme', 'none', 'test');
end
$$;
select is(pg_temp.stored(pg_temp.settled()), null, 'a tenant of which nothing may be kept has no cache');
do $$ begin perform tollhouse_ops.set_capture_policy('acme', 'metadata', 'test'); end $$;
select is(pg_temp.stored(pg_temp.settled()), 'acme/ forty-two 7 until 13:00', 'one of which metadata may be kept has one, for the lifetime of the answer');
do $$
begin
  perform tollhouse_ops.set_capture_policy('acme', 'full', 'test'), tollhouse_ops.set_task_type('route', 'test', p_capture => 'none');
end
$$;
select is(pg_temp.stored(pg_temp.settled()), null, 'nor is an answer kept of an endpoint that keeps nothing');
do $$ begin perform tollhouse_ops.set_task_type('route', 'test', p_capture => 'full'); end $$;
select is(pg_temp.stored(pg_temp.settled()), 'acme/ its call''s 7 until 13:00', 'where content is kept, the entry only says whose answer it is');
select is((select rc.upkeep_at from tollhouse_private.response_cache as rc), now(), 'and upkeep looks at it when the claim said');
do $$ begin perform tollhouse_ops.set_capture_policy('acme', 'metadata', 'test'); end $$;
select is(pg_temp.stored(pg_temp.settled()), 'acme/ forty-two 7 until 13:00', 'a copy is kept where it is not');
select is((select rc.upkeep_at from tollhouse_private.response_cache as rc), '2026-01-01 13:10:00+00', 'which goes when it is over');
do $$ begin perform tollhouse_ops.set_capture_policy('acme', 'full', 'test'); end $$;

-- Those that waited.
-- The leader fails for good.
do $$
begin
  perform pg_temp.again();
  perform pg_temp.asked('ann', 'r1'), pg_temp.asked('ann', 'r2'), pg_temp.asked('ann', 'r3');
  perform pg_temp.claimed();
  perform pg_temp.ended('r1', 'rejected');
end
$$;
select is(pg_temp.states(), 'r2 queued, r3 queued', 'a leader that fails frees those that waited');
select results_eq('select pg_temp.claimed()', array['r2'], 'and one of them leads');
select is(pg_temp.states(), 'r2 running, r3 coalesced', 'the rest waits again');

-- The leader is tried again.
do $$
begin
  perform pg_temp.again();
  perform pg_temp.asked('ann', 'r1'), pg_temp.asked('ann', 'r2');
  perform pg_temp.claimed();
  perform pg_temp.ended('r1', 'server_error');
end
$$;
select is(pg_temp.states(), 'r1 scheduled, r2 coalesced', 'between two attempts of the leader the others keep waiting');
do $$ begin update tollhouse_private.jobs set state = 'queued' where request_id = 'r1'; end $$;
select results_eq('select pg_temp.claimed()', array['r1'], 'it leads its second attempt as well');

-- The leader is cancelled by its caller; the waiting call is another user's.
do $$
begin
  perform pg_temp.again();
  perform pg_temp.asked('ann', 'r1'), pg_temp.asked('bob', 'r2');
  perform pg_temp.claimed();
  perform pg_temp.ended('r1', 'server_error');
end
$$;
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select is((select tollhouse.cancel(j.call_id) from tollhouse.jobs as j), 'cancelled', 'a leader between two attempts can be cancelled');
reset role;
select is(pg_temp.states(), 'r2 coalesced', 'it holds no lock on the flight meanwhile: the calls that wait for it are freed by a worker');
do $$ begin perform tollhouse_worker.set_idle('00000000-0000-4000-8000-000000000001', true); end $$;
select is(pg_temp.states(), 'r2 queued', 'that comes by and finds the leader gone');
select results_eq('select pg_temp.claimed()', array['r2'], 'that goes out now');

-- A waiting call is cancelled.
do $$ begin perform pg_temp.again(); perform pg_temp.asked('ann', 'r1'), pg_temp.asked('bob', 'r2'); perform pg_temp.claimed(); end $$;
set local tollhouse.user_id = 'bob';
set local role tollhouse_client;
select is((select tollhouse.cancel(j.call_id) from tollhouse.jobs as j), 'cancelled', 'a waiting call can be cancelled');
reset role;
select is(pg_temp.states(), 'r1 running', 'the leader flies on');
select is(pg_temp.pending(), 1::bigint, 'and still leads');

-- A call that is turned away.
create function pg_temp.turned_away(p_request_id text) returns void language sql as $$
  select tollhouse_private.release_flights(array(
    select tollhouse_private.ending(tollhouse_private.work_of(j, j.ctid), 'blocked', 'breaker_open')
    from tollhouse_private.jobs as j where j.request_id = p_request_id
  ))
$$;
do $$ begin perform pg_temp.again(); perform pg_temp.asked('ann', 'r1'), pg_temp.asked('ann', 'r2'); perform pg_temp.claimed(); perform pg_temp.turned_away('r2'); end $$;
select is(pg_temp.states(), 'r1 running, r2 coalesced', 'one that does not lead ends nothing');
do $$ begin perform pg_temp.turned_away('r1'); end $$;
select is(pg_temp.states(), 'r1 running, r2 queued', 'one that leads frees those that waited');
select is(pg_temp.pending(), 0::bigint, 'and is waited for no more');

select lives_ok('select tollhouse_private.release_flights(null)', 'no calls, nothing to release');
select lives_ok('select tollhouse_private.store_answers(null, now())', 'nor to store');

select * from finish();
rollback;
