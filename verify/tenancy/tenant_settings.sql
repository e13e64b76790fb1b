-- Verify tollhouse:tenancy/tenant_settings on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.tenant_settings', 'tollhouse_owner',
  '{tenant_id, capture_policy}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_operator, tollhouse_auditor: select'
  ]
);
select tollhouse_private.verify_policies(
  'tollhouse_private.tenant_settings',
  '{tenant_settings_all_engine, tenant_settings_select_owner, tenant_settings_select_operator}'
);

rollback;
