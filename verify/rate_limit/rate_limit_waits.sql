-- Verify tollhouse:rate_limit/rate_limit_waits on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.rate_limit_waits(text, tollhouse_private.route[], uuid[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
