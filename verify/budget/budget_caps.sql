-- Verify tollhouse:budget/budget_caps on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.budget_caps', 'tollhouse_owner',
  '{tenant_id, user_id, cap_micro_usd}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_operator, tollhouse_auditor: select'
  ]
);
select tollhouse_private.verify_policies('tollhouse_private.budget_caps', '{budget_caps_all_engine, budget_caps_select_operator}');

rollback;
