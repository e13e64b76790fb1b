-- Verify tollhouse:execution/calls_to_abort on pg

begin;

select tollhouse_private.verify_function('tollhouse_worker.calls_to_abort(uuid)', 'tollhouse_engine', 'definer', '{tollhouse_worker}');

rollback;
