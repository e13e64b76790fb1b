-- Revert tollhouse:ops/dashboards_system from pg

begin;
set local role tollhouse_engine;

drop view tollhouse_ops.database_health;
drop view tollhouse_ops.workers;

commit;
