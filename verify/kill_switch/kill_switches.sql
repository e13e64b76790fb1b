-- Verify tollhouse:kill_switch/kill_switches on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.kill_switches', 'tollhouse_owner',
  '{scope, tenant_id, target, reason, set_by, set_at}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor: select'
  ]
);
select tollhouse_private.verify_policies(
  'tollhouse_private.kill_switches',
  '{kill_switches_all_engine, kill_switches_select_owner, kill_switches_select_client, kill_switches_select_operator}'
);

rollback;
