-- Verify tollhouse:execution/lease on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_worker.register(uuid, text, integer, text)',
  'tollhouse_engine', 'definer', '{tollhouse_worker}'
);
select tollhouse_private.verify_function('tollhouse_worker.heartbeat(uuid, integer)', 'tollhouse_engine', 'definer', '{tollhouse_worker}');
select tollhouse_private.verify_function('tollhouse_worker.deregister(uuid)', 'tollhouse_engine', 'definer', '{tollhouse_worker}');

rollback;
