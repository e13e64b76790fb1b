-- Verify tollhouse:ops/move_breaker on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.move_breaker(text, text, text, text, text, timestamptz, text)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
