-- Verify tollhouse:ops/explained_calls on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse_ops.explained_calls', 'tollhouse_engine',
  '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
