-- Verify tollhouse:ops/breaker on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.move_breaker(text, text, text, text, text, timestamptz, text)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_ops.open_breaker(text, text, text, text, interval)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);
select tollhouse_private.verify_function(
  'tollhouse_ops.close_breaker(text, text, text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
