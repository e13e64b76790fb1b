-- Verify tollhouse:queue/oldest_jobs on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.oldest_jobs(tollhouse_private.turn[], integer, bigint)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
