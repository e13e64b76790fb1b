-- Verify tollhouse:admission/lock_ahead on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.lock_ahead(tollhouse_private.work[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
