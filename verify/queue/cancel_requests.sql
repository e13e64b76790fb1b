-- Verify tollhouse:queue/cancel_requests on pg

begin;

select tenant_id, call_id, user_id, id
from tollhouse_private.cancel_requests
where false;

select
  1 / (c.relrowsecurity and c.relforcerowsecurity)::int,
  1 / (c.relowner = 'tollhouse_owner'::regrole)::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'update')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'delete')::int,
  1 / has_table_privilege('tollhouse_client', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_operator', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_auditor', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_owner', c.oid, 'insert')::int,
  1 / (not has_table_privilege('tollhouse_owner', c.oid, 'update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_engine', c.oid, 'insert, truncate'))::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_private.cancel_requests'::regclass;

select 1 / (count(*) = 4)::int
from pg_catalog.pg_policy as p
where p.polrelid = 'tollhouse_private.cancel_requests'::regclass
  and p.polname in (
    'cancel_requests_all_engine',
    'cancel_requests_insert_owner',
    'cancel_requests_select_identity',
    'cancel_requests_select_operator'
  );

rollback;
