-- Revert tollhouse:pricing/price_at from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.price_at(text, timestamptz);

commit;
