-- Verify tollhouse:cache/guard on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.guard_cache(tollhouse_private.jobs[], timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
