begin;
select plan(13);

\ir flights.psql

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
select is((select count(*) from tollhouse_private.cache_flights), 1::bigint, 'and still leads');

select lives_ok('select tollhouse_private.release_flights(null)', 'no flights, nothing to release');

select * from finish();
rollback;
