-- Revert tollhouse:ops/hourly_shutoff from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.set_hourly_threshold(text, text, bigint, text, interval);
drop function tollhouse_ops.lift_shutoff(text, text, text);
drop function tollhouse_ops.set_shutoff(text, text, timestamptz, text);
drop function tollhouse_private.change_shutoff(text, text, text, jsonb, text);

commit;
