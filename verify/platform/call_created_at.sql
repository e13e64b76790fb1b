-- Verify tollhouse:platform/call_created_at on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.call_created_at(uuid)', 'tollhouse_owner', 'unpinned', '{tollhouse_engine}');

rollback;
