-- Verify tollhouse:tenancy/is_identifier on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.is_identifier(text)', 'tollhouse_owner', 'unpinned', '{tollhouse_engine}');

rollback;
