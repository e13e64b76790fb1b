-- Revert tollhouse:execution/lease from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.maintain();
drop function tollhouse_worker.deregister(uuid);
drop function tollhouse_worker.reap();
drop function tollhouse_worker.calls_to_abort(uuid);
drop function tollhouse_worker.set_idle(uuid, boolean);
drop function tollhouse_worker.heartbeat(uuid, integer);
drop function tollhouse_worker.register(uuid, text, integer, text);

commit;
