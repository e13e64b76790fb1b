-- Verify tollhouse:queue/jobs on pg

begin;

select
  tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes,
  max_output_tokens, requested_model, max_cost_micro_usd, cache_key, cache_scope, watermark, state, run_at,
  waits_for, attempts, unsent, worker_id, started_at, provider, model, price, reserved_micro_usd, budget_month,
  spent_micro_usd, need_micro_usd, cost_basis, provider_attempted, error_code, error_message, metadata,
  request, line
from tollhouse_private.jobs
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
  1 / (not has_table_privilege('tollhouse_monitor', c.oid, 'select'))::int,
  1 / has_table_privilege('tollhouse_auditor', c.oid, 'select')::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_monitor', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_private.jobs'::regclass;

select 1 / (count(*) = 4)::int
from pg_catalog.pg_policy as p
where p.polrelid = 'tollhouse_private.jobs'::regclass
  and p.polname in (
    'jobs_all_engine',
    'jobs_all_owner',
    'jobs_select_client',
    'jobs_select_operator'
  );

select
  1 / has_column_privilege('tollhouse_monitor', t.oid, 'call_id', 'select')::int,
  1 / (not has_column_privilege('tollhouse_monitor', t.oid, 'request', 'select'))::int,
  1 / (not has_column_privilege('tollhouse_monitor', t.oid, 'metadata', 'select'))::int,
  1 / (not has_column_privilege('tollhouse_monitor', t.oid, 'error_message', 'select'))::int,
  1 / (not has_column_privilege('tollhouse_monitor', t.oid, 'fingerprint', 'select'))::int,
  1 / (not has_column_privilege('tollhouse_monitor', t.oid, 'cache_key', 'select'))::int,
  1 / (not has_column_privilege('tollhouse_monitor', t.oid, 'watermark', 'select'))::int
from (values ('tollhouse_private.jobs'::regclass)) as t (oid);

rollback;
