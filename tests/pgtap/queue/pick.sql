begin;
select plan(19);

\ir scene.psql
-- What a pick takes: tenant and request ids, in the order of the pick.
create function pg_temp.picked(p_last_tenant_id text, p_limit integer) returns setof text language sql as $$
  select p.tenant_id || p.request_id
  from unnest(tollhouse_private.pick(p_last_tenant_id, p_limit)) with ordinality as p
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
  $$select pg_temp.picked('', 7)$$, array['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1'], 'a share that is not whole is rounded up, and never more than the limit picked'
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
select results_eq($$select pg_temp.picked('a', 8)$$, array['b1', 'b2', 'b3', 'b4', 'a1', 'a2', 'b5', 'b6'], 'small calls get places that large ones have no bytes for');
update tollhouse_private.jobs set request_bytes = 16777216;
select results_eq($$select pg_temp.picked('a', 100)$$, array['b1'], 'a call that is larger than a batch goes alone');
select ok(
  (select bool_and(p.request is null and p.request_id is not null) from unnest(tollhouse_private.pick('', 100)) as p),
  'what is picked carries no request along'
);

select * from finish();
rollback;
