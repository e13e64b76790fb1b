-- Revert tollhouse:ops/lift_shutoff from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.lift_shutoff(text, text, text);

commit;
