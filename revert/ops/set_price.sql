-- Revert tollhouse:ops/set_price from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.set_price(text, text, bigint, text, timestamptz);

commit;
