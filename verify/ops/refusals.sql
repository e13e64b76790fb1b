-- Verify tollhouse:ops/refusals on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse.refusals', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
