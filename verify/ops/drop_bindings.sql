-- Verify tollhouse:ops/drop_bindings on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.drop_bindings(name)', 'tollhouse_engine', 'invoker', '{}');

rollback;
