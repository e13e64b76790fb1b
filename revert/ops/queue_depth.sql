-- Revert tollhouse:ops/queue_depth from pg

begin;
set local role tollhouse_owner;

drop view tollhouse.queue_depth;

commit;
