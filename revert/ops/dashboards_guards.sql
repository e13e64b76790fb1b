-- Revert tollhouse:ops/dashboards_guards from pg

begin;
set local role tollhouse_engine;

drop view tollhouse_ops.guard_state;

set local role tollhouse_owner;

drop view tollhouse.queue_depth;
drop view tollhouse.refusals;
drop view tollhouse.guard_state;

commit;
