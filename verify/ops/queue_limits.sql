-- Verify tollhouse:ops/queue_limits on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse_ops.queue_limits', 'tollhouse_engine',
  '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
