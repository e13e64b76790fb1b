-- Verify tollhouse:ops/lift_shutoff on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.lift_shutoff(text, text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
