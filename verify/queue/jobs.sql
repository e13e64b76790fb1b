-- Verify tollhouse:queue/jobs on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.jobs', 'tollhouse_owner',
  '{
    tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes, max_output_tokens,
    requested_model, max_cost_micro_usd, cache_key, cache_scope, state, run_at, waits_for, attempts, unsent,
    worker_id, started_at, provider, model, price, reserved_micro_usd, budget_month, spent_micro_usd, need_micro_usd,
    cost_basis, provider_attempted, error_code, error_message, metadata, request, line
  }',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_client, tollhouse_operator, tollhouse_auditor: select'
  ]
);
select tollhouse_private.verify_policies(
  'tollhouse_private.jobs',
  '{jobs_all_engine, jobs_select_owner, jobs_update_owner, jobs_delete_owner, jobs_select_client, jobs_select_operator}'
);
select tollhouse_private.verify_withheld(
  'tollhouse_private.jobs', 'tollhouse_monitor',
  '{fingerprint, cache_key, cache_scope, price, error_message, metadata, request}'
);

rollback;
