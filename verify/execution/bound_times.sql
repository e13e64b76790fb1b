-- Verify tollhouse:execution/bound_times on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.bound_times(timestamptz)', 'tollhouse_engine', 'invoker', '{}');

rollback;
