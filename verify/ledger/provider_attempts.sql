-- Verify tollhouse:ledger/provider_attempts on pg

begin;

select
  tenant_id, call_id, attempt, late, created_at, started_at, finished_at, user_id, endpoint, provider,
  model, worker_id, outcome, sent, http_status, error_code, error_message, provider_request_id, input_tokens,
  cached_input_tokens, output_tokens, reasoning_tokens, cost_micro_usd, cost_basis, budget_month, latency_ms
from tollhouse_private.provider_attempts
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
  1 / (not has_table_privilege('tollhouse_owner', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('public', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_engine', c.oid, 'update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_client', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_worker', c.oid, 'select, insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_operator', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_monitor', c.oid, 'insert, update, delete, truncate'))::int,
  1 / (not has_table_privilege('tollhouse_auditor', c.oid, 'insert, update, delete, truncate'))::int
from pg_catalog.pg_class as c
where c.oid = 'tollhouse_private.provider_attempts'::regclass;

select 1 / (count(*) = 3)::int
from pg_catalog.pg_policy as p
where p.polrelid = 'tollhouse_private.provider_attempts'::regclass
  and p.polname in (
    'provider_attempts_all_engine',
    'provider_attempts_select_identity',
    'provider_attempts_select_operator'
  );

select
  1 / has_column_privilege('tollhouse_monitor', t.oid, 'call_id', 'select')::int,
  1 / (not has_column_privilege('tollhouse_monitor', t.oid, 'error_message', 'select'))::int,
  1 / (not has_column_privilege('tollhouse_monitor', t.oid, 'provider_request_id', 'select'))::int
from (values ('tollhouse_private.provider_attempts'::regclass)) as t (oid);

rollback;
