-- Revert tollhouse:budget/budget_month from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.budget_month(timestamptz);

commit;
