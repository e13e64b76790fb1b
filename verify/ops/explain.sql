-- Verify tollhouse:ops/explain on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.explain(text, text, text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator, tollhouse_auditor}'
);

rollback;
