-- Revert tollhouse:budget/guard from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.guard_budget(tollhouse_private.route[], timestamptz);

commit;
