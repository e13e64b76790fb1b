-- Revert tollhouse:execution/prune from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.prune();

commit;
