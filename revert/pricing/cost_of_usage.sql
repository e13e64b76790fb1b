-- Revert tollhouse:pricing/cost_of_usage from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.cost_of_usage(bigint, bigint, bigint, bigint, integer, integer, integer, integer);

commit;
