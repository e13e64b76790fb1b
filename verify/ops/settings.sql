-- Verify tollhouse:ops/settings on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.set_settings(text, interval, interval, interval, interval, integer)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);
select tollhouse_private.verify_function(
  'tollhouse_ops.set_capture_policy(text, text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
