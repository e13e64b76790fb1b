-- Verify tollhouse:budget/settle_budget on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.settle_budget(tollhouse_private.due[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
