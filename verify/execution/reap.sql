-- Verify tollhouse:execution/reap on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.bound_times(timestamptz)', 'tollhouse_engine', 'invoker', '{}');
select tollhouse_private.verify_function('tollhouse_worker.reap()', 'tollhouse_engine', 'definer', '{tollhouse_worker}');

rollback;
