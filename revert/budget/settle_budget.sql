-- Revert tollhouse:budget/settle_budget from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.settle_budget(tollhouse_private.due[], timestamptz);

commit;
