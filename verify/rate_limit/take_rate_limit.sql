-- Verify tollhouse:rate_limit/take_rate_limit on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.take_rate_limit(tollhouse_private.route[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
