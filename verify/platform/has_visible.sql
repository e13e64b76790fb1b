-- Verify tollhouse:platform/has_visible on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.has_visible(text)', 'tollhouse_owner', 'unpinned', '{tollhouse_engine}');

rollback;
