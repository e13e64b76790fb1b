-- Verify tollhouse:ops/retries on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse.retries', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
