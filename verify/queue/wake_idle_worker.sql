-- Verify tollhouse:queue/wake_idle_worker on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.wake_idle_worker()', 'tollhouse_owner', 'invoker', '{tollhouse_engine}');

rollback;
