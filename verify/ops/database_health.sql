-- Verify tollhouse:ops/database_health on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse_ops.snapshot_holders', 'tollhouse_engine',
  '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);
select tollhouse_private.verify_view(
  'tollhouse_ops.database_health', 'tollhouse_engine',
  '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
