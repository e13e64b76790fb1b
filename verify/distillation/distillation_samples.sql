-- Verify tollhouse:distillation/distillation_samples on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse.distillation_samples', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor}'
);

rollback;
