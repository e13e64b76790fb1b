-- Revert tollhouse:ops/set_provider from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.set_provider(text, text, integer, interval, interval, integer, numeric);

commit;
