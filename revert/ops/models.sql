-- Revert tollhouse:ops/models from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.set_price(text, text, bigint, text, timestamptz);
drop function tollhouse_ops.set_model(text, text, text, text);
drop function tollhouse_ops.set_provider(text, text, integer, interval, interval, integer, numeric);

commit;
