-- Verify tollhouse:execution/attempt_outcomes on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.attempt_outcomes', 'tollhouse_owner',
  '{outcome, sent, billing, retries, breaker, status}',
  array['tollhouse_engine, tollhouse_operator, tollhouse_auditor: select']
);
select tollhouse_private.verify_that(count(*) = 14, 'tollhouse_private.attempt_outcomes lacks an outcome')
from tollhouse_private.attempt_outcomes as o
where o.outcome in (
  'success', 'rate_limited', 'server_error', 'timeout', 'dropped', 'unreachable', 'malformed',
  'rejected', 'not_configured', 'aborted', 'cancelled', 'interrupted', 'abandoned', 'not_sent'
);

rollback;
