-- Verify tollhouse:pricing/charge_basis on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.charge_basis(boolean, text, bigint)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);

rollback;
