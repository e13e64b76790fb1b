-- Verify tollhouse:rate_limit/rate_limits on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.rate_limits', 'tollhouse_owner',
  '{
    scope, target, requests_per_minute, tokens_per_minute, max_in_flight, requests_available, tokens_available, refilled_at,
    last_tenant_id, line
  }',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_operator, tollhouse_auditor: select'
  ]
);

rollback;
