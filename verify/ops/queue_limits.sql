-- Verify tollhouse:ops/queue_limits on pg

begin;

select tenant_id, calls, max_calls, bytes, max_bytes, percent, own_limit
from tollhouse_ops.queue_limits
where false;

select
  1 / ('security_invoker=true' = any (coalesce(c.reloptions, '{}')))::int,
  1 / (c.relowner = 'tollhouse_engine'::regrole)::int,
  1 / has_table_privilege('tollhouse_operator', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_auditor', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_monitor', c.oid, 'select')::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_owner', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_ops.queue_limits'::regclass;

rollback;
