-- Verify tollhouse:ops/check_target on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.check_target(text, text)', 'tollhouse_engine', 'invoker', '{}');

rollback;
