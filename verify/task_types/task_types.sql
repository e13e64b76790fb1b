-- Verify tollhouse:task_types/task_types on pg

begin;

select
  endpoint, models, timeout_ms, max_attempts, backoff_ms, max_output_tokens, max_request_bytes,
  cache_ttl, cache_scope, capture, retries_abandoned, materializer
from tollhouse_private.task_types
where false;

select
  1 / (c.relowner = 'tollhouse_owner'::regrole)::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'insert')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'update')::int,
  1 / has_table_privilege('tollhouse_engine', c.oid, 'delete')::int,
  1 / has_table_privilege('tollhouse_operator', c.oid, 'select')::int,
  1 / has_table_privilege('tollhouse_auditor', c.oid, 'select')::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_private.task_types'::regclass;

select 1 / (count(*) = 4)::int
from tollhouse_private.task_types as tt
where tt.endpoint in ('route', 'explanation', 'investigation', 'budget_optimization');

rollback;
