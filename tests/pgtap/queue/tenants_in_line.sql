begin;
select plan(14);

\ir scene.psql

select is(tollhouse_private.tenants_in_line('', 10), '{}', 'with nothing queued nobody is in line');

do $$ begin perform pg_temp.enqueue('c', 10), pg_temp.enqueue('a', 10), pg_temp.enqueue('b', 10); end $$;
do $$ begin perform pg_temp.enqueue('d', 5, '{"state": "scheduled"}'), pg_temp.enqueue('e', 5, '{"state": "coalesced"}'),
  pg_temp.enqueue('f', 5, '{"state": "running", "worker_id": "00000000-0000-4000-8000-000000000001", "started_at": "2026-01-01"}'); end $$;

select is(tollhouse_private.tenants_in_line('', 10), array['a', 'b', 'c'], 'in line are the tenants with queued jobs, in order');
select is(tollhouse_private.tenants_in_line('a', 10), array['b', 'c', 'a'], 'after the one that was served last, and round to it');
select is(tollhouse_private.tenants_in_line('aa', 10), array['b', 'c', 'a'], 'which need not be there any more');
select is(tollhouse_private.tenants_in_line('c', 10), array['a', 'b', 'c'], 'after the last it begins again');
select is(tollhouse_private.tenants_in_line('', 2), array['a', 'b'], 'no more than asked for');
select is(tollhouse_private.tenants_in_line('', 0), '{}', 'nobody when none is asked for');

select is(array(select user_id from tollhouse_private.users_in_line('d', '', 10)), '{}', 'a tenant with nothing queued has no user in line');
do $$ begin perform pg_temp.enqueue('a', 3, '{"user_id": "bob"}'), pg_temp.enqueue('a', 3, '{"user_id": "cid"}'); end $$;
select is(array(select user_id from tollhouse_private.users_in_line('a', '', 10)), array['ann', 'bob', 'cid'], 'in line are the users with queued jobs, in order');
select is(array(select user_id from tollhouse_private.users_in_line('a', 'bob', 10)), array['cid', 'ann', 'bob'], 'after the one that was served last, and round to it');
select is(array(select user_id from tollhouse_private.users_in_line('a', 'bo', 10)), array['bob', 'cid', 'ann'], 'which need not be there any more');
select is(array(select user_id from tollhouse_private.users_in_line('a', 'cid', 2)), array['ann', 'bob'], 'no more than asked for');
select is(array(select user_id from tollhouse_private.users_in_line('a', 'zoe', 10)), array['ann', 'bob', 'cid'], 'after the last it begins again');
select results_eq(
  $$select user_id, call_id from tollhouse_private.users_in_line('a', 'bob', 10) order by user_id$$,
  $$select distinct on (user_id) user_id, call_id from tollhouse_private.jobs where tenant_id = 'a' order by user_id, call_id$$,
  'each with the oldest of its jobs'
);

select * from finish();
rollback;
