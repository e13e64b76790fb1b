-- Revert tollhouse:ops/guards from pg

begin;
set local role tollhouse_owner;

drop view tollhouse.refusals;

set local role tollhouse_engine;

drop view tollhouse_ops.guard_state;

set local role tollhouse_owner;

drop view tollhouse.guard_state;

commit;
