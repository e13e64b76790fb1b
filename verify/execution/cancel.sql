-- Verify tollhouse:execution/cancel on pg

begin;

select tollhouse_private.verify_function('tollhouse.cancel(uuid)', 'tollhouse_owner', 'definer', '{tollhouse_client}');

rollback;
