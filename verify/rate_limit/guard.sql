-- Verify tollhouse:rate_limit/guard on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.rate_limits_of(tollhouse_private.route[], timestamptz)',
  'tollhouse_engine', 'unpinned', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.rate_limit_waits(text, tollhouse_private.route[], uuid[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.guard_rate_limit(tollhouse_private.route[], timestamptz, tollhouse_private.route[])',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.take_rate_limit(tollhouse_private.route[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
