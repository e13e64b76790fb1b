-- Revert tollhouse:pricing/cost from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.charge_basis(boolean, text, bigint);
drop function tollhouse_private.cost_of_usage(bigint, bigint, bigint, bigint, integer, integer, integer, integer);
drop function tollhouse_private.highest_cost(bigint, bigint, bigint, bigint, integer, integer);

commit;
