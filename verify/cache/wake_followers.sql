-- Verify tollhouse:cache/wake_followers on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.wake_followers()', 'tollhouse_engine', 'invoker', '{}');

rollback;
