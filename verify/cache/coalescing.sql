-- Verify tollhouse:cache/coalescing on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.guard_coalescing(tollhouse_private.jobs[], timestamptz, tollhouse_private.jobs[])',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
