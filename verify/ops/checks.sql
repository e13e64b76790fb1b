-- Verify tollhouse:ops/checks on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.check_value(boolean, text, text)', 'tollhouse_engine', 'invoker', '{}');
select tollhouse_private.verify_function('tollhouse_private.check_target(text, text)', 'tollhouse_engine', 'invoker', '{}');

rollback;
