-- Verify tollhouse:ops/check_materializer on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.check_materializer(text)', 'tollhouse_engine', 'invoker', '{}');

rollback;
