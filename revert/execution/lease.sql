-- Revert tollhouse:execution/lease from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.deregister(uuid);
drop function tollhouse_worker.heartbeat(uuid, integer);
drop function tollhouse_worker.register(uuid, text, integer, text);

commit;
