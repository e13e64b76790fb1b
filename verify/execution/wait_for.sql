-- Verify tollhouse:execution/wait_for on pg

begin;

select tollhouse_private.verify_function('tollhouse.wait_for(uuid, interval)', 'tollhouse_owner', 'definer', '{tollhouse_client}');

rollback;
