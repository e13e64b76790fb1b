-- Verify tollhouse:execution/set_idle on pg

begin;

select tollhouse_private.verify_function('tollhouse_worker.set_idle(uuid, boolean)', 'tollhouse_engine', 'definer', '{tollhouse_worker}');

rollback;
