-- Revert tollhouse:pricing/highest_cost from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.highest_cost(bigint, bigint, bigint, bigint, integer, integer);

commit;
