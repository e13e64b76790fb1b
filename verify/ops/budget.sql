-- Verify tollhouse:ops/budget on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.set_monthly_cap(text, text, bigint, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
