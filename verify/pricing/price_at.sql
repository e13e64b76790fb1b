-- Verify tollhouse:pricing/price_at on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.price_at(text, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
