-- Verify tollhouse:queue/pick on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.pick(text, integer)', 'tollhouse_engine', 'invoker', '{}');

rollback;
