-- Verify tollhouse:explain/waiting on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.explain_obstacle(tollhouse_private.jobs, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.explain_waiting(tollhouse_private.jobs, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.explain_line(tollhouse_private.jobs, bigint, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
