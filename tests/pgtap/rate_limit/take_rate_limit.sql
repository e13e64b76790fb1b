begin;
select plan(2);

\ir scene.psql
create function pg_temp.take(p_routes tollhouse_private.route[], p_now timestamptz)
  returns void
  language sql
as $$
  select tollhouse_private.take_rate_limit(p_routes, p_now)
$$;
savepoint start;

select pg_temp.limit_to('model', 'small', null, 600, null);
select pg_temp.take(pg_temp.routes(1, 3), '2030-01-15 12:00Z');
select results_eq($$select tokens_available, requests_available from tollhouse_private.rate_limits$$, $$values (0::numeric, 0::numeric)$$, 'what goes is taken out of the bucket');
rollback to start;

select pg_temp.limit_to('tenant', 'acme', 60, null, null);
select pg_temp.limit_to('provider', 'mock', 6, null, null);
select pg_temp.take(pg_temp.routes(1, 2), '2030-01-15 12:00Z');
select results_eq('select scope, requests_available from tollhouse_private.rate_limits order by scope',
  $$values ('provider', 4::numeric), ('tenant', 58::numeric)$$, 'a call is taken out of every bucket it falls under');

select * from finish();
rollback;
