-- Revert tollhouse:ops/task_types from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.set_task_type(text, text, text[], integer, integer, integer, integer, integer, interval, text, text, boolean, text);
drop function tollhouse_private.check_materializer(text);

commit;
