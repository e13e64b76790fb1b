-- Verify tollhouse:ops/set_provider on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.set_provider(text, text, integer, interval, interval, integer, numeric)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
