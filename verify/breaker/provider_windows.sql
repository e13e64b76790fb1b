-- Verify tollhouse:breaker/provider_windows on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.provider_windows', 'tollhouse_owner',
  '{provider, worker_id, tenant_id, window_start, calls, failures, failing_users}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_operator, tollhouse_auditor: select'
  ]
);
select tollhouse_private.verify_policies(
  'tollhouse_private.provider_windows',
  '{provider_windows_all_engine, provider_windows_select_operator}'
);

rollback;
