-- Verify tollhouse:queue/promote_due on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.promote_due(timestamptz, text)', 'tollhouse_engine', 'invoker', '{}');
select tollhouse_private.verify_function('tollhouse_private.users_scheduled(text, text, integer)', 'tollhouse_engine', 'invoker', '{}');

rollback;
