-- Revert tollhouse:pricing/price from pg

begin;
set local role tollhouse_owner;

drop type tollhouse_private.price;

commit;
