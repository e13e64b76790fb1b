begin;
select plan(7);

\ir scene.psql
do $$ begin perform pg_temp.enqueue('a', 5, '{"request_bytes": 100}'), pg_temp.enqueue('b', 5, '{"request_bytes": 10}'); end $$;
create function pg_temp.taken(
  p_share integer, p_share_bytes bigint, p_limit integer, p_bytes bigint, p_tenants text[] default '{a, b}', p_after text[] default '{0, 0}'
) returns setof text language sql as $$
  select w.tenant_id || j.request_id
  from unnest(tollhouse_private.oldest_jobs(array(
    select row(t, 'ann', tollhouse_private.new_call_id('2026-01-01'::timestamptz + (a || '.5 s')::interval), false, p_share, p_share_bytes)::tollhouse_private.turn
    from unnest(p_tenants, p_after) as u (t, a)
  ), p_limit, p_bytes)) with ordinality as w
  join tollhouse_private.jobs as j using (tenant_id, call_id)
  order by w.ordinality
$$;

select results_eq($$select pg_temp.taken(2, 1000, 9, 1000)$$, array['a1', 'a2', 'b1', 'b2'], 'a share of each tenant, the oldest first');
select results_eq($$select pg_temp.taken(5, 150, 10, 1000)$$, array['a1', 'a2', 'b1', 'b2', 'b3', 'b4', 'b5'], 'a share ends when it has its bytes');
select results_eq($$select pg_temp.taken(5, 1000, 3, 1000)$$, array['a1', 'a2', 'a3'], 'a batch when it has its number');
select results_eq($$select pg_temp.taken(2, 1000, 9, 205)$$, array['a1', 'a2', 'b1'], 'or its bytes');
select results_eq($$select pg_temp.taken(5, 1, 9, 1)$$, array['a1'], 'one call is always taken');
select results_eq($$select pg_temp.taken(2, 1000, 9, 1000, '{b, a}', '{3, 4}')$$, array['b4', 'b5', 'a5'], 'in the order in which the tenants are named, each after its call');
select results_eq(
  $$
    select array_agg(w.request_id order by w.request_id)
    from (values (false), (true)) as v (taken)
    cross join lateral unnest(tollhouse_private.oldest_jobs(array[row('a', 'ann',
      (select j.call_id from tollhouse_private.jobs as j where j.tenant_id = 'a' and j.request_id = '3'), v.taken, 2, 1000)::tollhouse_private.turn], 9, 1000)) as o
    join tollhouse_private.jobs as w using (tenant_id, call_id)
    group by v.taken order by v.taken
  $$,
  $$values (array['3', '4']), (array['4', '5'])$$,
  'from the first on, unless it is taken'
);

select * from finish();
rollback;
