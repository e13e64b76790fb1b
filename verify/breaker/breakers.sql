-- Verify tollhouse:breaker/breakers on pg

begin;

select tenant_id, user_id, provider, state, consecutive_failures, opened_at, open_until, probe_call_id, reason
from tollhouse_private.breakers
where false;

select
  1 / (c.relrowsecurity and c.relforcerowsecurity)::int,
  1 / (c.relowner = 'tollhouse_owner'::regrole)::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'insert')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'update')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'delete')::int,
  1 / has_table_privilege('tollhouse_client', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_operator', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_monitor', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_auditor', c.oid, 'select')::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_monitor', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_private.breakers'::regclass;

select 1 / (count(*) = 3)::int
from pg_catalog.pg_policy as p
where p.polrelid = 'tollhouse_private.breakers'::regclass
  and p.polname in (
    'breakers_all_engine',
    'breakers_select_identity',
    'breakers_select_operator'
  );

rollback;
