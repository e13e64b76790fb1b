-- Verify tollhouse:budget/monthly_budgets on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.monthly_budgets', 'tollhouse_owner',
  '{tenant_id, user_id, month, cap_micro_usd, reserved_micro_usd, spent_micro_usd, line_at, line_user_id}',
  array[
    'tollhouse_engine: select, insert, update',
    'tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor: select'
  ]
);
select tollhouse_private.verify_policies(
  'tollhouse_private.monthly_budgets',
  '{monthly_budgets_all_engine, monthly_budgets_select_owner, monthly_budgets_select_client, monthly_budgets_select_operator}'
);

rollback;
