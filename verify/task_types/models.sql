-- Verify tollhouse:task_types/models on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.providers', 'tollhouse_owner',
  '{provider, failure_threshold, cooldown, failure_window, window_min_calls, window_failure_share}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_operator, tollhouse_auditor: select'
  ]
);
select tollhouse_private.verify_table(
  'tollhouse_private.models', 'tollhouse_owner',
  '{model, provider, provider_model}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_operator, tollhouse_auditor: select'
  ]
);

rollback;
