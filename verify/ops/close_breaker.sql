-- Verify tollhouse:ops/close_breaker on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.close_breaker(text, text, text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
