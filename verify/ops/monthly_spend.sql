-- Verify tollhouse:ops/monthly_spend on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse.monthly_spend', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
