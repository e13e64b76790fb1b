-- Revert tollhouse:ops/kill_switch from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.resume_everything(text);
drop function tollhouse_ops.stop_everything(text);
drop function tollhouse_ops.lift_kill_switch(text, text, text, text);
drop function tollhouse_ops.pull_kill_switch(text, text, text, text);

commit;
