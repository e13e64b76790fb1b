-- Revert tollhouse:execution/reap from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_worker.reap();

commit;
