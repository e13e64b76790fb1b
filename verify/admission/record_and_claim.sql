-- Verify tollhouse:admission/record_and_claim on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_worker.record_and_claim(uuid, jsonb, integer, jsonb)',
  'tollhouse_engine', 'unpinned', '{tollhouse_worker}'
);

rollback;
