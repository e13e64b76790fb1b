-- Verify tollhouse:idempotency/request_keys on pg

begin;

select tenant_id, endpoint, request_id, user_id, call_id, created_at, fingerprint
from tollhouse_private.request_keys
where false;

select
  1 / (c.relrowsecurity and c.relforcerowsecurity)::int,
  1 / (c.relowner = 'tollhouse_owner'::regrole)::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'delete')::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_engine', c.oid, 'insert, update, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'select, insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_private.request_keys'::regclass;

select 1 / (count(*) = 3)::int
from pg_catalog.pg_policy as p
where p.polrelid = 'tollhouse_private.request_keys'::regclass
  and p.polname in (
    'request_keys_all_engine',
    'request_keys_select_owner',
    'request_keys_insert_owner'
  );

rollback;
