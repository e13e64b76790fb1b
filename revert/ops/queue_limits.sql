-- Revert tollhouse:ops/queue_limits from pg

begin;
set local role tollhouse_engine;

drop view tollhouse_ops.queue_limits;

commit;
