-- Verify tollhouse:admission/enqueue_many on pg

begin;

select tollhouse_private.verify_function('tollhouse.enqueue_many(jsonb)', 'tollhouse_owner', 'definer', '{tollhouse_client}');

rollback;
