-- Verify tollhouse:tenancy/login_bindings on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.login_bindings', 'tollhouse_owner',
  '{login, login_oid, tenant_id, user_id, reads_all_users}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_operator, tollhouse_auditor: select'
  ]
);
select tollhouse_private.verify_policies('tollhouse_private.login_bindings', '{login_bindings_all_engine, login_bindings_select_operator}');

rollback;
