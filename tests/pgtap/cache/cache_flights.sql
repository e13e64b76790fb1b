begin;
select plan(7);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.cache_flights')$$,
  array[
    'tenant_id text not null',
    'scope text not null',
    'endpoint text not null',
    'cache_key bytea not null',
    'watermark text not null',
    'call_id uuid not null'
  ],
  'cache_flights has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.cache_flights')$$,
  array[
    'cache_flights_pkey'
  ],
  'cache_flights has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'cache_flights', array['tenant_id', 'scope', 'endpoint', 'cache_key', 'watermark']::name[], 'cache_flights: the key');
select indexes_are('tollhouse_private', 'cache_flights', array['cache_flights_pkey'], 'cache_flights has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'cache_flights: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.cache_flights'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.cache_flights')$$,
  array[
    'cache_flights_all_engine: all for tollhouse_engine'
  ],
  'cache_flights has exactly these policies'
);

select is_empty(
  $$
    select r.rolname from pg_roles as r
    where r.rolname in ('tollhouse_client', 'tollhouse_operator', 'tollhouse_auditor', 'tollhouse_worker')
      and has_table_privilege(r.oid, 'tollhouse_private.cache_flights', 'select')
  $$,
  'nobody who logs in sees what is in flight'
);

select * from finish();
rollback;
