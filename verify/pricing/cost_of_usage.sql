-- Verify tollhouse:pricing/cost_of_usage on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.cost_of_usage(bigint, bigint, bigint, bigint, integer, integer, integer, integer)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);

rollback;
