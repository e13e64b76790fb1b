begin;
select plan(30);

\ir scene.psql
-- What a pick takes: tenant and request ids, in the order of the pick.
create function pg_temp.picked(p_last_tenant_id text, p_limit integer) returns setof text language sql as $$
  select p.tenant_id || j.request_id
  from unnest((tollhouse_private.pick(p_last_tenant_id, p_limit)).jobs) with ordinality as p
  join tollhouse_private.jobs as j using (tenant_id, call_id)
  order by p.ordinality
$$;

select is_empty($$select pg_temp.picked('', 10)$$, 'with nothing queued nothing is picked');

do $$ begin perform pg_temp.enqueue('c', 10), pg_temp.enqueue('a', 10), pg_temp.enqueue('b', 10); end $$;
do $$ begin perform pg_temp.enqueue('d', 5, '{"state": "scheduled"}'), pg_temp.enqueue('e', 5, '{"state": "coalesced"}'),
  pg_temp.enqueue('f', 5, '{"state": "running", "worker_id": "00000000-0000-4000-8000-000000000001", "started_at": "2026-01-01"}'); end $$;

select results_eq(
  $$select pg_temp.picked('', 6)$$, array['a1', 'a2', 'b1', 'b2', 'c1', 'c2'],
  'each tenant gets an equal share, its oldest jobs first'
);
select results_eq(
  $$select pg_temp.picked('a', 6)$$, array['b1', 'b2', 'c1', 'c2', 'a1', 'a2'], 'the round goes on after the tenant served last'
);
select results_eq(
  $$select pg_temp.picked('c', 3)$$, array['a1', 'b1', 'c1'], 'and after the last tenant begins again'
);
select results_eq($$select pg_temp.picked('a', 2)$$, array['b1', 'c1'], 'fewer places than tenants: the next in line');
select results_eq($$select pg_temp.picked('b', 2)$$, array['c1', 'a1'], 'round the corner');
select results_eq($$select pg_temp.picked('', 1)$$, array['a1'], 'one place goes to one');
select results_eq(
  $$select pg_temp.picked('', 7)$$, array['a1', 'a2', 'a3', 'b1', 'b2', 'c1', 'c2'], 'what does not divide is a call more for the first of the round'
);
select is((select count(*) from pg_temp.picked('', 100)), 30::bigint, 'a large limit takes all that is queued, and only that');
select is_empty($$select pg_temp.picked('', 0)$$, 'no place, no pick');

delete from tollhouse_private.jobs where tenant_id = 'a' and request_id::integer > 1;
delete from tollhouse_private.jobs where tenant_id = 'b' and request_id::integer > 2;
select bag_eq(
  $$select pg_temp.picked('', 9)$$, array['a1', 'b1', 'b2', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6'],
  'what short queues leave goes to the long one'
);
select bag_eq(
  $$select pg_temp.picked('b', 4)$$, array['c1', 'c2', 'a1', 'b1'],
  'a pick that is full from the shares takes nothing beyond them'
);
delete from tollhouse_private.jobs where tenant_id in ('a', 'b');
select results_eq(
  $$select pg_temp.picked('a', 4)$$, array['c1', 'c2', 'c3', 'c4'], 'a tenant that is alone gets everything'
);
select results_eq($$select pg_temp.picked('c', 2)$$, array['c1', 'c2'], 'turn after turn');

-- Bytes.
delete from tollhouse_private.jobs;
do $$ begin perform pg_temp.enqueue('a', 10, '{"request_bytes": 1048576}'); end $$;
select results_eq($$select pg_temp.picked('', 100)$$, array['a1', 'a2', 'a3', 'a4'], 'a batch ends when its requests have 4 MB');
do $$ begin perform pg_temp.enqueue('b', 6); end $$;
select results_eq(
  $$select pg_temp.picked('', 100)$$, array['a1', 'a2', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'a3', 'a4'],
  'large calls of one tenant keep no small one of another out, and get what these leave'
);
select results_eq($$select pg_temp.picked('a', 8)$$, array['b1', 'b2', 'b3', 'b4', 'a1', 'a2', 'b5', 'a3'], 'places that large calls had no bytes for go to all that have more');
update tollhouse_private.jobs set request_bytes = 16777216;
select results_eq($$select pg_temp.picked('a', 100)$$, array['b1'], 'a call that is larger than a batch goes alone');
select ok(
  (select bool_and(j.call_id = p.call_id) from unnest((tollhouse_private.pick('', 100)).jobs) as p left join tollhouse_private.jobs as j on j.ctid = p.place),
  'what is picked says where its row lies, and carries no request along'
);

-- Users take turns within their tenant, however many calls each has.
delete from tollhouse_private.jobs;
do $$ begin
  perform pg_temp.enqueue('a', 10), pg_temp.enqueue('a', 2, '{"user_id": "bob"}'), pg_temp.enqueue('a', 10, '{"user_id": "cid"}'), pg_temp.enqueue('b', 10);
end $$;
create function pg_temp.picked_users(p_limit integer) returns setof text language sql as $$
  select p.tenant_id || ' ' || p.user_id || ' ' || count(*)
  from unnest((tollhouse_private.pick('', p_limit)).jobs) as p
  group by p.tenant_id, p.user_id
  order by 1
$$;
delete from tollhouse_private.turns;
savepoint users;
select results_eq($$select pg_temp.picked_users(12)$$, array['a ann 2', 'a bob 2', 'a cid 2', 'b ann 6'], 'a tenant''s share is shared by its users');
select results_eq($$select pg_temp.picked_users(24)$$, array['a ann 6', 'a bob 2', 'a cid 6', 'b ann 10'], 'what short ones leave goes to the long ones, of all tenants');
rollback to users;
delete from tollhouse_private.jobs where tenant_id = 'b';
select results_eq($$select pg_temp.picked_users(1)$$, array['a ann 1'], 'one place is one user''s');
select results_eq($$select pg_temp.picked_users(1)$$, array['a bob 1'], 'the next one the next user''s');
select results_eq($$select pg_temp.picked_users(1)$$, array['a cid 1'], 'until each has had a turn');
select results_eq($$select pg_temp.picked_users(4)$$, array['a ann 2', 'a bob 1', 'a cid 1'], 'what does not divide goes to the next in turn');
select results_eq($$select pg_temp.picked_users(4)$$, array['a ann 1', 'a bob 2', 'a cid 1'], 'and the time after to the one after it');
select results_eq($$select line, last_user_id from tollhouse_private.turns$$, $$values ('', 'bob')$$, 'which is written down once');

-- And tenants, likewise, when a round does not divide.
delete from tollhouse_private.jobs;
do $$ begin perform pg_temp.enqueue('a', 10), pg_temp.enqueue('b', 10), pg_temp.enqueue('c', 10); end $$;
select is((tollhouse_private.pick('', 4)).last_tenant_id, 'a', 'the next round begins after the tenant that had a call more');
select is((tollhouse_private.pick('', 2)).last_tenant_id, 'b', 'or after the last that had one at all');
update tollhouse_private.jobs set request_bytes = 2097152;
select is((tollhouse_private.pick('', 30)).last_tenant_id, 'b', 'and where bytes end a batch, after the last that is in it');

select * from finish();
rollback;
