begin;
select plan(2);

\ir flights.psql

do $$
begin
  perform pg_temp.asked('ann', 'r1'), pg_temp.asked('ann', 'r2');
  perform pg_temp.claimed();
  perform tollhouse_private.wake_stranded();
end
$$;
select is(pg_temp.states(), 'r1 running, r2 coalesced', 'a call whose flight is under way waits on');
delete from tollhouse_private.cache_flights;
do $$ begin perform tollhouse_private.wake_stranded(); end $$;
select is(pg_temp.states(), 'r1 running, r2 queued', 'one that waits for a flight which is over does not');

select * from finish();
rollback;
