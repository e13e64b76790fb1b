-- Verify tollhouse:cache/cached_result on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.cached_result(tollhouse_private.jobs)',
  'tollhouse_engine', 'invoker', '{tollhouse_owner}'
);

rollback;
