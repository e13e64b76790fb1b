-- Verify tollhouse:ops/set_capture_policy on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.set_capture_policy(text, text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
