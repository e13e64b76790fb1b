-- Verify tollhouse:cache/wake_stranded on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.wake_stranded()', 'tollhouse_engine', 'invoker', '{}');

rollback;
