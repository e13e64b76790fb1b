-- Verify tollhouse:admission/claim on pg

begin;

select tollhouse_private.verify_function('tollhouse_worker.claim(uuid, integer)', 'tollhouse_engine', 'definer', '{tollhouse_worker}');

rollback;
