-- Verify tollhouse:admission/early_verdict on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.early_verdict(tollhouse_private.jobs, timestamptz)',
  'tollhouse_owner', 'invoker', '{}'
);

rollback;
