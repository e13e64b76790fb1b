-- Verify tollhouse:ops/budget_burn on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse.budget_burn', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
