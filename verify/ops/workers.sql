-- Verify tollhouse:ops/workers on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse_ops.workers', 'tollhouse_engine',
  '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
