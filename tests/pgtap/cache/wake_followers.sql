begin;
select plan(9);

\ir flights.psql
create function pg_temp.ended_now() returns void language sql as $$
  insert into tollhouse_private.ended_flights
  select cf.tenant_id, cf.call_id, cf.scope, cf.endpoint, cf.cache_key, cf.watermark from tollhouse_private.cache_flights as cf
$$;
create function pg_temp.left_over() returns text language sql as $$
  select (select count(*) from tollhouse_private.cache_flights) || ' ' || (select count(*) from tollhouse_private.ended_flights)
$$;

do $$ begin perform pg_temp.asked('ann', 'r1'), pg_temp.asked('ann', 'r2'), pg_temp.asked('ann', 'r3'); perform pg_temp.claimed(); end $$;
do $$ begin perform tollhouse_private.wake_followers(); end $$;
select is(pg_temp.states(), 'r1 running, r2 coalesced, r3 coalesced', 'where no leader has gone nothing is done');

savepoint flying;
do $$ begin perform pg_temp.ended_now(); delete from tollhouse_private.jobs where request_id = 'r1'; perform tollhouse_private.wake_followers(); end $$;
select is(pg_temp.states(), 'r2 queued, r3 queued', 'the calls that waited for a leader that is gone are queued');
select is(pg_temp.left_over(), '0 0', 'its flight is over');
rollback to flying;

do $$ begin perform pg_temp.ended_now(); delete from tollhouse_private.cache_flights; perform tollhouse_private.wake_followers(); end $$;
select is(pg_temp.states(), 'r1 running, r2 queued, r3 queued', 'whether or not its flight was there still');
select is(pg_temp.left_over(), '0 0', 'and that is all');
rollback to flying;

do $$ begin
  perform pg_temp.ended_now();
  update tollhouse_private.cache_flights set call_id = gen_random_uuid();
  perform tollhouse_private.wake_followers();
end $$;
select is(pg_temp.states(), 'r1 running, r2 coalesced, r3 coalesced', 'where another leads meanwhile they wait for that');
select is(pg_temp.left_over(), '1 0', 'whose flight goes on');
rollback to flying;

-- What a release leaves over.
do $$ begin
  insert into tollhouse_private.jobs
  select (jsonb_populate_record(j, jsonb_build_object('call_id', gen_random_uuid(), 'request_id', 'more' || n))).*
  from tollhouse_private.jobs as j cross join generate_series(1, 10000) as n where j.request_id = 'r3';
  perform pg_temp.ended('r1', 'rejected');
end $$;
select results_eq(
  'select state, count(*) from tollhouse_private.jobs group by 1 order by 1', $$values ('coalesced', 2::bigint), ('queued', 10000)$$,
  'an outcome for which very many wait frees ten thousand'
);
do $$ begin perform tollhouse_private.wake_followers(); end $$;
select results_eq('select state, count(*) from tollhouse_private.jobs group by 1', $$values ('queued', 10002::bigint)$$, 'the others come after');

select * from finish();
rollback;
