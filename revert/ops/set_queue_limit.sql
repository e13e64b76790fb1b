-- Revert tollhouse:ops/set_queue_limit from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.drop_queue_limit(text, text);
drop function tollhouse_ops.set_queue_limit(text, bigint, bigint, text);

commit;
