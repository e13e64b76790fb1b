-- Verify tollhouse:tenancy/identity on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.identity()',
  'tollhouse_engine', 'definer', '{tollhouse_owner, tollhouse_client}'
);

rollback;
