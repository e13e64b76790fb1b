-- Verify tollhouse:breaker/observe on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.observe_users(tollhouse_private.settlement[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.fails_everybody(tollhouse_private.providers, timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.observe_providers(tollhouse_private.settlement[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
