-- Revert tollhouse:queue/wake_idle_worker from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.wake_idle_worker();

commit;
