-- Revert tollhouse:ops/queue from pg

begin;
set local role tollhouse_engine;

drop view tollhouse_ops.workers;

set local role tollhouse_owner;

drop view tollhouse.queue_depth;

commit;
