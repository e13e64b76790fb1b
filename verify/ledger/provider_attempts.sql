-- Verify tollhouse:ledger/provider_attempts on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.provider_attempts', 'tollhouse_owner',
  '{
    tenant_id, call_id, attempt, late, created_at, started_at, finished_at, user_id, endpoint, provider, model, worker_id,
    outcome, sent, http_status, error_code, error_message, provider_request_id, input_tokens, cached_input_tokens,
    output_tokens, reasoning_tokens, cost_micro_usd, cost_basis, budget_month, latency_ms
  }',
  array[
    'tollhouse_owner, tollhouse_client, tollhouse_operator, tollhouse_auditor: select',
    'tollhouse_engine: select, insert'
  ]
);
select tollhouse_private.verify_policies(
  'tollhouse_private.provider_attempts',
  '{provider_attempts_all_engine, provider_attempts_select_identity, provider_attempts_select_operator}'
);
select tollhouse_private.verify_withheld(
  'tollhouse_private.provider_attempts', 'tollhouse_monitor',
  '{error_message, provider_request_id}'
);

rollback;
