-- Revert tollhouse:queue/queue_limits from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.queue_counts;
drop table tollhouse_private.queue_limits;

commit;
