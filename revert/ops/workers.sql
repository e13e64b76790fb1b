-- Revert tollhouse:ops/workers from pg

begin;
set local role tollhouse_engine;

drop view tollhouse_ops.workers;

commit;
