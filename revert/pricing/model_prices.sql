-- Revert tollhouse:pricing/model_prices from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.model_prices;

commit;
