-- Verify tollhouse:task_types/task_types on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.task_types', 'tollhouse_owner',
  '{
    endpoint, models, timeout_ms, max_attempts, backoff_ms, max_output_tokens, max_request_bytes, cache_ttl, cache_scope,
    capture, retries_abandoned, materializer
  }',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_operator, tollhouse_auditor: select'
  ]
);
select tollhouse_private.verify_that(count(*) = 4, 'tollhouse_private.task_types lacks one of the four endpoints')
from tollhouse_private.task_types as tt
where tt.endpoint in ('route', 'explanation', 'investigation', 'budget_optimization');
select tollhouse_private.verify_function(
  'tollhouse_private.candidate_models(text, text)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);

rollback;
