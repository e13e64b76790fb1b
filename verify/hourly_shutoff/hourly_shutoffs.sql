-- Verify tollhouse:hourly_shutoff/hourly_shutoffs on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.hourly_shutoffs', 'tollhouse_owner',
  '{tenant_id, user_id, threshold_micro_usd, cooldown, disabled_until, mode, reason}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor: select'
  ]
);
select tollhouse_private.verify_policies(
  'tollhouse_private.hourly_shutoffs',
  '{hourly_shutoffs_all_engine, hourly_shutoffs_select_owner, hourly_shutoffs_select_client, hourly_shutoffs_select_operator}'
);

rollback;
