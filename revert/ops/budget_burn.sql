-- Revert tollhouse:ops/budget_burn from pg

begin;
set local role tollhouse_owner;

drop view tollhouse.budget_burn;

commit;
