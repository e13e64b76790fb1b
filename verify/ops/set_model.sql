-- Verify tollhouse:ops/set_model on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.set_model(text, text, text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
