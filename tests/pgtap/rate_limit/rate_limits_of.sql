begin;
select plan(3);

\ir scene.psql

select is_empty($$select from tollhouse_private.rate_limits_of(pg_temp.routes(1, 2), '2030-01-15 12:00Z')$$, 'without a limit a call falls under none');
select pg_temp.limit_to('tenant', 'acme', 60, 6000, 5), pg_temp.limit_to('provider', 'mock', 6, null, null), pg_temp.limit_to('tenant', 'globex', 1, null, null);
update tollhouse_private.rate_limits set requests_available = 0, tokens_available = 0;
select results_eq(
  $$select scope, target, tokens, requests_per_minute, tokens_per_minute, max_in_flight from tollhouse_private.rate_limits_of(pg_temp.routes(1, 1), '2030-01-15 12:00Z') order by scope$$,
  $$values ('provider', 'mock', 200, 6, null::integer, null::integer), ('tenant', 'acme', 200, 60, 6000, 5)$$, 'a call falls under its tenant''s, its provider''s and its model''s, and under nobody else''s');
select results_eq(
  $$select trim_scale(requests_now), trim_scale(tokens_now) from tollhouse_private.rate_limits_of(pg_temp.routes(1, 1), '2030-01-15 12:00:30Z') where scope = 'tenant'$$,
  $$values (30::numeric, 3000::numeric)$$, 'half a minute refills half a bucket');

select * from finish();
rollback;
