-- Revert tollhouse:execution/deregister from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.deregister(uuid);

commit;
