-- Revert tollhouse:ops/set_shutoff from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.set_shutoff(text, text, timestamptz, text);

commit;
