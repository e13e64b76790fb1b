-- Verify tollhouse:execution/assess on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.assess(tollhouse_private.work[], tollhouse_private.attempt_result[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
