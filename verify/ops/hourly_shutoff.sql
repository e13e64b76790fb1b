-- Verify tollhouse:ops/hourly_shutoff on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.change_shutoff(text, text, text, jsonb, text)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_ops.set_shutoff(text, text, timestamptz, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);
select tollhouse_private.verify_function(
  'tollhouse_ops.lift_shutoff(text, text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);
select tollhouse_private.verify_function(
  'tollhouse_ops.set_hourly_threshold(text, text, bigint, text, interval)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
