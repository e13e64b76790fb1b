-- Revert tollhouse:execution/set_idle from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.set_idle(uuid, boolean);

commit;
