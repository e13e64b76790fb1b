-- Verify tollhouse:pricing/cost on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.highest_cost(bigint, bigint, bigint, bigint, integer, integer)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.cost_of_usage(bigint, bigint, bigint, bigint, integer, integer, integer, integer)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.charge_basis(boolean, text, bigint)',
  'tollhouse_owner', 'unpinned', '{tollhouse_engine}'
);

rollback;
