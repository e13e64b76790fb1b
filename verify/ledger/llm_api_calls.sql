-- Verify tollhouse:ledger/llm_api_calls on pg

begin;

select
  tenant_id, call_id, created_at, finished_at, user_id, endpoint, request_id, fingerprint, status,
  blocked_reason, was_cached, was_coalesced, provider_attempted, attempts, provider, model, input_tokens,
  cached_input_tokens, output_tokens, reasoning_tokens, cost_micro_usd, cost_basis, saved_micro_usd, refused_micro_usd, latency_ms, error_code,
  error_message, content_ref, reasoning_ref, metadata_ref
from tollhouse_private.llm_api_calls
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
where c.oid = 'tollhouse_private.llm_api_calls'::regclass;

select 1 / (count(*) = 4)::int
from pg_catalog.pg_policy as p
where p.polrelid = 'tollhouse_private.llm_api_calls'::regclass
  and p.polname in (
    'llm_api_calls_all_engine',
    'llm_api_calls_select_identity',
    'llm_api_calls_insert_owner',
    'llm_api_calls_select_operator'
  );

select
  1 / has_column_privilege('tollhouse_monitor', t.oid, 'call_id', 'select')::int,
  1 / (not has_column_privilege('tollhouse_monitor', t.oid, 'error_message', 'select'))::int,
  1 / (not has_column_privilege('tollhouse_monitor', t.oid, 'fingerprint', 'select'))::int
from (values ('tollhouse_private.llm_api_calls'::regclass)) as t (oid);

rollback;
