-- Revert tollhouse:execution/upkeep from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.prune();
drop function tollhouse_worker.maintain();

commit;
