-- Verify tollhouse:ops/operator_audit on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.operator_audit', 'tollhouse_owner',
  '{id, at, operator, action, target, reason, before, after}',
  array[
    'tollhouse_owner: select, insert',
    'tollhouse_engine: insert',
    'tollhouse_operator, tollhouse_auditor, tollhouse_monitor: select'
  ]
);
select tollhouse_private.verify_view(
  'tollhouse_ops.operator_audit', 'tollhouse_engine',
  '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);
select tollhouse_private.verify_function('tollhouse_private.audit(text, jsonb, text, jsonb, jsonb)', 'tollhouse_engine', 'invoker', '{}');

rollback;
