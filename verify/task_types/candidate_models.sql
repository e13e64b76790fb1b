-- Verify tollhouse:task_types/candidate_models on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.candidate_models(text, text)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);

rollback;
