-- Revert tollhouse:ops/stop_everything from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.stop_everything(text);

commit;
