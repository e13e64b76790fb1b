-- Verify tollhouse:queue/settlement on pg

begin;

select tollhouse_private.verify_type('tollhouse_private.attempt_result', 'tollhouse_owner');
select tollhouse_private.verify_type('tollhouse_private.settlement', 'tollhouse_owner');
select tollhouse_private.verify_type('tollhouse_private.due', 'tollhouse_owner');
select tollhouse_private.verify_function(
  'tollhouse_private.dues(tollhouse_private.settlement[], timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
