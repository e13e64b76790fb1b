-- Verify tollhouse:cache/ended_flights on pg

begin;

select tenant_id, call_id, scope, endpoint, cache_key, watermark
from tollhouse_private.ended_flights
where false;

select
  1 / (c.relrowsecurity and c.relforcerowsecurity)::int,
  1 / (c.relowner = 'tollhouse_owner'::regrole)::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'insert')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'update')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'delete')::int,
  1 / has_table_privilege('tollhouse_owner', c.oid, 'insert')::int,
  1 / (not has_table_privilege('tollhouse_owner', c.oid, 'select, update, delete, truncate'))::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'select, insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_private.ended_flights'::regclass;

select 1 / (count(*) = 2)::int
from pg_catalog.pg_policy as p
where p.polrelid = 'tollhouse_private.ended_flights'::regclass
  and p.polname in (
    'ended_flights_all_engine',
    'ended_flights_insert_owner'
  );

rollback;
