-- Verify tollhouse:cache/store_answers on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.store_answers(tollhouse_private.settlement[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
