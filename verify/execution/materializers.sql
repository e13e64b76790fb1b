-- Verify tollhouse:execution/materializers on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.question_of(jsonb)', 'tollhouse_owner', 'invoker', '{tollhouse_engine}');
select tollhouse_private.verify_table(
  'tollhouse_private.investigations', 'tollhouse_owner',
  '{tenant_id, call_id, created_at, user_id, question, findings}',
  array[
    'tollhouse_engine: select, insert',
    'tollhouse_client, tollhouse_operator, tollhouse_auditor: select'
  ]
);
select tollhouse_private.verify_policies(
  'tollhouse_private.investigations',
  '{investigations_all_engine, investigations_select_client, investigations_insert_owner, investigations_select_operator}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.materialize_investigation(text, text, uuid, timestamptz, jsonb, jsonb)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);
select tollhouse_private.verify_table(
  'tollhouse_private.budget_optimization_jobs', 'tollhouse_owner',
  '{tenant_id, call_id, created_at, user_id, objective, recommendation}',
  array[
    'tollhouse_engine: select, insert',
    'tollhouse_client, tollhouse_operator, tollhouse_auditor: select'
  ]
);
select tollhouse_private.verify_policies(
  'tollhouse_private.budget_optimization_jobs',
  '{budget_optimization_jobs_all_engine, budget_optimization_jobs_select_client, budget_optimization_jobs_insert_owner, budget_optimization_jobs_select_operator}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.materialize_budget_optimization(text, text, uuid, timestamptz, jsonb, jsonb)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
