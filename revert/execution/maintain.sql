-- Revert tollhouse:execution/maintain from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.maintain();

commit;
