-- Verify tollhouse:routing/prospects on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.prospects(tollhouse_private.work, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
