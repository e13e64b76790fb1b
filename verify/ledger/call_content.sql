-- Verify tollhouse:ledger/call_content on pg

begin;

select tenant_id, call_id, created_at, user_id, request, response, reasoning, metadata
from tollhouse_private.call_content
where false;

select
  1 / (c.relrowsecurity and c.relforcerowsecurity)::int,
  1 / (c.relowner = 'tollhouse_owner'::regrole)::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'insert')::int,
  1 / has_table_privilege('tollhouse_client', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_operator', c.oid, 'select')::int,
  1 / (not has_table_privilege('tollhouse_monitor', c.oid, 'select'))::int,
  1 / has_table_privilege('tollhouse_auditor', c.oid, 'select')::int,
  1 / (not has_table_privilege('tollhouse_owner', c.oid, 'update, delete, truncate'))::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_engine', c.oid, 'update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_monitor', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_private.call_content'::regclass;

select 1 / (count(*) = 4)::int
from pg_catalog.pg_policy as p
where p.polrelid = 'tollhouse_private.call_content'::regclass
  and p.polname in (
    'call_content_all_engine',
    'call_content_select_identity',
    'call_content_insert_owner',
    'call_content_select_operator'
  );

rollback;
