-- Verify tollhouse:ops/explain_ended on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.explain_ended(text, uuid, timestamptz)',
  'tollhouse_engine', 'definer', '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
