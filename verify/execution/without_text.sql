-- Verify tollhouse:execution/without_text on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.without_text(tollhouse_private.attempt_result)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
