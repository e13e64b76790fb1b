-- Verify tollhouse:ops/set_shutoff on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.set_shutoff(text, text, timestamptz, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
