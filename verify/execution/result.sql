-- Verify tollhouse:execution/result on pg

begin;

select tollhouse_private.verify_function('tollhouse.result(uuid)', 'tollhouse_owner', 'definer', '{tollhouse_client}');

rollback;
