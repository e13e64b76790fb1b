-- Verify tollhouse:platform/new_call_id on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.new_call_id(timestamptz)', 'tollhouse_owner', 'unpinned', '{}');

rollback;
