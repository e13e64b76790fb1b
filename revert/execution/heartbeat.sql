-- Revert tollhouse:execution/heartbeat from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.heartbeat(uuid, integer);

commit;
