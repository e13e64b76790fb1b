-- Verify tollhouse:budget/budget_month on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.budget_month(timestamptz)',
  'tollhouse_engine', 'unpinned', '{tollhouse_owner}'
);

rollback;
