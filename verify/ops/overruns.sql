-- Verify tollhouse:ops/overruns on pg

begin;

select tollhouse_private.verify_function('tollhouse_ops.forget_overrun(text, text)', 'tollhouse_engine', 'definer', '{tollhouse_operator}');
select tollhouse_private.verify_view(
  'tollhouse_ops.model_overruns', 'tollhouse_engine',
  '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
