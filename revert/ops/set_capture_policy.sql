-- Revert tollhouse:ops/set_capture_policy from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.set_capture_policy(text, text, text);

commit;
