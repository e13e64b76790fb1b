-- Verify tollhouse:queue/tell on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.tell(text, text[])', 'tollhouse_owner', 'invoker', '{tollhouse_engine}');
select tollhouse_private.verify_function('tollhouse_private.tell_each(text[], text[])', 'tollhouse_owner', 'invoker', '{tollhouse_engine}');

rollback;
