-- Verify tollhouse:admission/explain_obstacle on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.explain_obstacle(tollhouse_private.jobs, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
