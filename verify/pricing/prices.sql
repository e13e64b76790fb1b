-- Verify tollhouse:pricing/prices on pg

begin;

select tollhouse_private.verify_type('tollhouse_private.price', 'tollhouse_owner');
select tollhouse_private.verify_table(
  'tollhouse_private.model_prices', 'tollhouse_owner',
  '{model, kind, effective_from, micro_usd_per_million}',
  array['tollhouse_engine: select, insert', 'tollhouse_operator, tollhouse_auditor: select']
);
select tollhouse_private.verify_function(
  'tollhouse_private.price_at(text, timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
