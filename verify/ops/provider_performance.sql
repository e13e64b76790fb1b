-- Verify tollhouse:ops/provider_performance on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse.provider_performance', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
