-- Verify tollhouse:platform/stretch on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.stretch(regclass)', 'tollhouse_owner', 'invoker', '{tollhouse_engine}');

rollback;
