-- Verify tollhouse:admission/enqueue_query on pg

begin;

select tollhouse_private.verify_function('tollhouse.enqueue_query(text)', 'tollhouse_owner', 'unpinned', '{tollhouse_client}');

rollback;
