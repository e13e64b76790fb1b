-- Verify tollhouse:ops/set_price on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.set_price(text, text, bigint, text, timestamptz)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
