-- Verify tollhouse:ops/models on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.set_provider(text, text, integer, interval, interval, integer, numeric)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);
select tollhouse_private.verify_function(
  'tollhouse_ops.set_model(text, text, text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);
select tollhouse_private.verify_function(
  'tollhouse_ops.set_price(text, text, bigint, text, timestamptz)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
