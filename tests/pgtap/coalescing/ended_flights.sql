begin;
select plan(9);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.ended_flights')$$,
  array[
    'tenant_id text not null',
    'call_id uuid not null',
    'cache_key bytea not null'
  ],
  'ended_flights has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.ended_flights')$$,
  array[
    'ended_flights_pkey'
  ],
  'ended_flights has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'ended_flights', array['tenant_id', 'call_id']::name[], 'a leader ends once');
select indexes_are('tollhouse_private', 'ended_flights', array['ended_flights_pkey'], 'ended_flights has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'ended_flights: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.ended_flights'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.ended_flights')$$,
  array[
    'ended_flights_all_engine: all for tollhouse_engine',
    'ended_flights_insert_owner: insert for tollhouse_owner'
  ],
  'ended_flights has exactly these policies'
);

-- What a client function may write, and for whom.
create function pg_temp.end_flight(p_tenant_id text) returns void language sql as $$
  insert into tollhouse_private.ended_flights values (p_tenant_id, gen_random_uuid(), '\x00')
$$;
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_owner;
select lives_ok($$select pg_temp.end_flight('acme')$$, 'for its caller''s tenant');
select throws_ok($$select pg_temp.end_flight('globex')$$, '42501', null, 'not for another');
select throws_ok('delete from tollhouse_private.ended_flights', '42501', null, 'it takes none back, and locks none');
reset role;

select * from finish();
rollback;
