-- Verify tollhouse:ops/monitor_views on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse_ops.finished_calls', 'tollhouse_engine',
  '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);
select tollhouse_private.verify_view(
  'tollhouse_ops.unfinished_calls', 'tollhouse_engine',
  '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);
select tollhouse_private.verify_view(
  'tollhouse_ops.attempts', 'tollhouse_engine',
  '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
