-- Revert tollhouse:ops/pull_kill_switch from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.pull_kill_switch(text, text, text, text);

commit;
