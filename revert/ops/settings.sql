-- Revert tollhouse:ops/settings from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.set_capture_policy(text, text, text);
drop function tollhouse_ops.set_settings(text, interval, interval, interval, interval, integer);

commit;
