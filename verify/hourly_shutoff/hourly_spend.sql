-- Verify tollhouse:hourly_shutoff/hourly_spend on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.hourly_spend', 'tollhouse_owner',
  '{tenant_id, user_id, hour, calls, spent_micro_usd, tripped_at_micro_usd}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor: select'
  ]
);
select tollhouse_private.verify_policies(
  'tollhouse_private.hourly_spend',
  '{hourly_spend_all_engine, hourly_spend_select_client, hourly_spend_select_operator}'
);

rollback;
