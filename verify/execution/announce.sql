-- Verify tollhouse:execution/announce on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.announce(tollhouse_private.settlement[])',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
