-- Verify tollhouse:platform/call_ids on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.new_call_id(timestamptz)', 'tollhouse_owner', 'unpinned', '{tollhouse_engine}');
select tollhouse_private.verify_function('tollhouse_private.call_created_at(uuid)', 'tollhouse_owner', 'unpinned', '{tollhouse_engine}');

rollback;
