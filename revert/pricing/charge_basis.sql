-- Revert tollhouse:pricing/charge_basis from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.charge_basis(boolean, text, bigint);

commit;
