-- Verify tollhouse:ops/open_breaker on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.open_breaker(text, text, text, text, interval)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
