-- Revert tollhouse:budget/monthly_budgets from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.monthly_budgets;

commit;
