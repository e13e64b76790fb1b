-- Verify tollhouse:ops/queue on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse.queue_depth', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);
select tollhouse_private.verify_view(
  'tollhouse_ops.workers', 'tollhouse_engine',
  '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
