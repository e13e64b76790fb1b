-- Verify tollhouse:coalescing/stranded on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.wake_followers()',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.wake_stranded()',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
