-- Verify tollhouse:budget/guard on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.guard_budget(tollhouse_private.route[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
