-- Verify tollhouse:tenancy/set_identity on pg

begin;

select tollhouse_private.verify_function('tollhouse.set_identity(text, text)', 'tollhouse_owner', 'definer', '{tollhouse_client}');

rollback;
