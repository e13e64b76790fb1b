-- Verify tollhouse:ops/queue_depth on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse.queue_depth', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
