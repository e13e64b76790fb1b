-- Verify tollhouse:execution/upkeep on pg

begin;

select tollhouse_private.verify_function('tollhouse_worker.maintain()', 'tollhouse_engine', 'definer', '{tollhouse_worker}');
select tollhouse_private.verify_function('tollhouse_worker.prune()', 'tollhouse_engine', 'definer', '{tollhouse_worker}');

rollback;
