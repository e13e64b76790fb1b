-- Verify tollhouse:ops/savings on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse.savings', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
