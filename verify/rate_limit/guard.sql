-- Verify tollhouse:rate_limit/guard on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.guard_rate_limit(tollhouse_private.route[], timestamptz, tollhouse_private.route[])',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
