-- Revert tollhouse:ops/queue_limits from pg

begin;
set local role tollhouse_engine;

drop view tollhouse_ops.queue_limits;
drop function tollhouse_ops.drop_queue_limit(text, text);
drop function tollhouse_ops.set_queue_limit(text, bigint, bigint, text);

commit;
