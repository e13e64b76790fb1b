-- Revert tollhouse:ops/savings from pg

begin;
set local role tollhouse_owner;

drop view tollhouse.savings;

commit;
