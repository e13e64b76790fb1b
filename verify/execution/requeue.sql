-- Verify tollhouse:execution/requeue on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.requeue(tollhouse_private.settlement[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
