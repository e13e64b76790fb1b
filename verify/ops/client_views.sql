-- Verify tollhouse:ops/client_views on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse.llm_api_calls', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor}'
);
select tollhouse_private.verify_view('tollhouse.jobs', 'tollhouse_owner', '{tollhouse_client, tollhouse_operator, tollhouse_auditor}');
select tollhouse_private.verify_view(
  'tollhouse.provider_attempts', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor}'
);
select tollhouse_private.verify_view(
  'tollhouse.call_content', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor}'
);
select tollhouse_private.verify_view(
  'tollhouse.investigations', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor}'
);
select tollhouse_private.verify_view(
  'tollhouse.budget_optimization_jobs', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor}'
);
select tollhouse_private.verify_view(
  'tollhouse.monthly_budgets', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);
select tollhouse_private.verify_view(
  'tollhouse.hourly_shutoffs', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);
select tollhouse_private.verify_view(
  'tollhouse.hourly_spend', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);
select tollhouse_private.verify_view(
  'tollhouse.breakers', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);
select tollhouse_private.verify_view(
  'tollhouse.kill_switches', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
