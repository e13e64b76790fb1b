-- Verify tollhouse:execution/materialize on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.materialize(tollhouse_private.settlement[])',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
