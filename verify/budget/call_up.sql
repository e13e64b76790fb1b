-- Verify tollhouse:budget/call_up on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.budget_users_in_line(text, text, integer)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.call_up_budget(text, text[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function('tollhouse_private.look_after_budget_lines(timestamptz)', 'tollhouse_engine', 'invoker', '{}');

rollback;
