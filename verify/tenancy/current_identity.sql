-- Verify tollhouse:tenancy/current_identity on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.current_tenant_id()',
  'tollhouse_engine', 'unpinned', '{tollhouse_owner, tollhouse_client}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.current_user_id()',
  'tollhouse_engine', 'unpinned', '{tollhouse_owner, tollhouse_client}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.reads_all_users()',
  'tollhouse_engine', 'unpinned', '{tollhouse_owner, tollhouse_client}'
);

rollback;
