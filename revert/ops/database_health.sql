-- Revert tollhouse:ops/database_health from pg

begin;
set local role tollhouse_engine;

drop view tollhouse_ops.database_health;
drop view tollhouse_ops.snapshot_holders;

commit;
