-- Verify tollhouse:pricing/highest_cost on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.highest_cost(bigint, bigint, bigint, bigint, integer, integer)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);

rollback;
