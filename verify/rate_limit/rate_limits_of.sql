-- Verify tollhouse:rate_limit/rate_limits_of on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.rate_limits_of(tollhouse_private.route[], timestamptz)',
  'tollhouse_engine', 'unpinned', '{}'
);

rollback;
