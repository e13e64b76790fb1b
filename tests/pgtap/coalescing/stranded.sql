begin;
select plan(16);

\ir flights.psql
create function pg_temp.ended_now() returns void language sql as $$
  insert into tollhouse_private.ended_flights
  select rc.tenant_id, rc.call_id, rc.cache_key from tollhouse_private.response_cache as rc
$$;
create function pg_temp.left_over() returns text language sql as $$
  select pg_temp.pending() || ' ' || (select count(*) from tollhouse_private.ended_flights)
$$;

do $$ begin perform pg_temp.asked('ann', 'r1'), pg_temp.asked('ann', 'r2'), pg_temp.asked('ann', 'r3'); perform pg_temp.claimed(); end $$;
do $$ begin perform tollhouse_private.wake_followers(); end $$;
select is(pg_temp.states(), 'r1 running, r2 coalesced, r3 coalesced', 'where no leader has gone nothing is done');

savepoint flying;
do $$ begin perform pg_temp.ended_now(); delete from tollhouse_private.jobs where request_id = 'r1'; perform tollhouse_private.wake_followers(); end $$;
select is(pg_temp.states(), 'r2 queued, r3 queued', 'the calls that waited for a leader that is gone are queued');
select is(pg_temp.left_over(), '0 0', 'its flight is over');
rollback to flying;

do $$ begin perform pg_temp.ended_now(); delete from tollhouse_private.response_cache; perform tollhouse_private.wake_followers(); end $$;
select is(pg_temp.states(), 'r1 running, r2 queued, r3 queued', 'whether or not its flight was there still');
select is(pg_temp.left_over(), '0 0', 'and that is all');
rollback to flying;

do $$ begin
  perform pg_temp.ended_now();
  update tollhouse_private.response_cache set call_id = gen_random_uuid();
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

-- Those that no mark leads to.
do $$
begin
  perform pg_temp.again(); perform pg_temp.asked('ann', 'r1'), pg_temp.asked('ann', 'r2');
  perform pg_temp.claimed();
  perform tollhouse_private.wake_stranded();
end
$$;
select is(pg_temp.states(), 'r1 running, r2 coalesced', 'a call whose flight is under way waits on');
delete from tollhouse_private.response_cache;
do $$ begin perform tollhouse_private.wake_stranded(); end $$;
select is(pg_temp.states(), 'r1 running, r2 queued', 'one that waits for a flight which is over does not');


-- Of whom nobody knows.
do $$
begin
  perform pg_temp.again();
  perform pg_temp.asked('ann', 'r1'), pg_temp.asked('ann', 'r2'), pg_temp.asked('bob', 'r3', '{"request": {"prompt": "six times eight?"}}');
  perform pg_temp.asked('bob', 'r4', '{"request": {"prompt": "six times eight?"}}');
  perform pg_temp.claimed();
  delete from tollhouse_private.jobs where request_id = 'r1';
  perform tollhouse_private.wake_stranded();
end
$$;
select is(pg_temp.states(), 'r2 queued, r3 running, r4 coalesced', 'one whose leader is gone does not either, and costs others nothing');
select is(pg_temp.pending(), 1::bigint, 'nothing is left of what it waited for');
do $$
begin
  update tollhouse_private.response_cache set provider = 'north', model = 'small', cost_micro_usd = 1, expires_at = now();
  perform tollhouse_private.wake_stranded();
end
$$;
select is(pg_temp.states(), 'r2 queued, r3 running, r4 queued', 'nor one that waits for an answer that is there');

-- More keys than are looked at each time.
do $$
begin
  insert into tollhouse_private.jobs
  select (jsonb_populate_record(j, jsonb_build_object('call_id', gen_random_uuid(), 'request_id', 'more' || n, 'state', 'coalesced', 'cache_key', sha256(n::text::bytea)))).*
  from tollhouse_private.jobs as j cross join generate_series(1, 1500) as n where j.request_id = 'r2';
  perform tollhouse_private.wake_stranded();
end
$$;
select cmp_ok((select count(*) from tollhouse_private.jobs where state = 'coalesced'), '>=', 500::bigint, 'of very many a part is looked at');
do $$
begin
  for i in 1..20 loop
    perform tollhouse_private.wake_stranded();
  end loop;
end
$$;
select is((select count(*) from tollhouse_private.jobs where state = 'coalesced'), 0::bigint, 'and the others come after');

select * from finish();
rollback;
