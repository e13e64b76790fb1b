-- Verify tollhouse:ops/set_hourly_threshold on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.set_hourly_threshold(text, text, bigint, text, interval)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
