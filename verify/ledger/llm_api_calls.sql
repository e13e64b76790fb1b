-- Verify tollhouse:ledger/llm_api_calls on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.llm_api_calls', 'tollhouse_owner',
  '{
    tenant_id, call_id, created_at, finished_at, user_id, endpoint, request_id, fingerprint, status, blocked_reason,
    was_cached, was_coalesced, provider_attempted, attempts, provider, model, input_tokens, cached_input_tokens,
    output_tokens, reasoning_tokens, cost_micro_usd, cost_basis, saved_micro_usd, refused_micro_usd, latency_ms, error_code,
    error_message, content_ref, reasoning_ref, metadata_ref
  }',
  array[
    'tollhouse_owner, tollhouse_engine: select, insert',
    'tollhouse_client, tollhouse_operator, tollhouse_auditor: select'
  ]
);
select tollhouse_private.verify_policies(
  'tollhouse_private.llm_api_calls',
  '{llm_api_calls_all_engine, llm_api_calls_select_identity, llm_api_calls_insert_owner, llm_api_calls_select_operator}'
);
select tollhouse_private.verify_withheld(
  'tollhouse_private.llm_api_calls', 'tollhouse_monitor',
  '{fingerprint, error_message, content_ref, reasoning_ref, metadata_ref}'
);

rollback;
