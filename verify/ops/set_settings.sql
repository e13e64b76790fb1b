-- Verify tollhouse:ops/set_settings on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.set_settings(text, interval, interval, interval, interval, integer)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
