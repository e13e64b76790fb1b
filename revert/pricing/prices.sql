-- Revert tollhouse:pricing/prices from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.price_at(text, timestamptz);
drop table tollhouse_private.model_prices;
drop type tollhouse_private.price;

commit;
