-- Revert tollhouse:budget/budget_caps from pg

begin;
set local role tollhouse_owner;

drop table tollhouse_private.budget_caps;

commit;
