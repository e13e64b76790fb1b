-- Verify tollhouse:queue/guard_cancelled on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.guard_cancelled(tollhouse_private.work[])',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
