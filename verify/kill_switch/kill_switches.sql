-- Verify tollhouse:kill_switch/kill_switches on pg

begin;

select scope, tenant_id, target, reason, set_by, set_at
from tollhouse_private.kill_switches
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
where c.oid = 'tollhouse_private.kill_switches'::regclass;

select 1 / (count(*) = 4)::int
from pg_catalog.pg_policy as p
where p.polrelid = 'tollhouse_private.kill_switches'::regclass
  and p.polname in (
    'kill_switches_all_engine',
    'kill_switches_select_owner',
    'kill_switches_select_client',
    'kill_switches_select_operator'
  );

rollback;
