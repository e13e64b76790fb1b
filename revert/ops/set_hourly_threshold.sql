-- Revert tollhouse:ops/set_hourly_threshold from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.set_hourly_threshold(text, text, bigint, text, interval);

commit;
