-- Revert tollhouse:budget/call_up from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.look_after_budget_lines(timestamptz);
drop function tollhouse_private.call_up_budget(text, text[], timestamptz);
drop function tollhouse_private.budget_users_in_line(text, text, integer);

commit;
