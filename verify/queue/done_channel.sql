-- Verify tollhouse:queue/done_channel on pg

begin;

select tollhouse_private.verify_function('tollhouse.done_channel()', 'tollhouse_owner', 'definer', '{tollhouse_client}');

rollback;
