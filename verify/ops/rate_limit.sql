-- Verify tollhouse:ops/rate_limit on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.set_rate_limit(text, text, integer, integer, integer, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);
select tollhouse_private.verify_function(
  'tollhouse_ops.drop_rate_limit(text, text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
