-- Verify tollhouse:pricing/model_prices on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.model_prices', 'tollhouse_owner',
  '{model, kind, effective_from, micro_usd_per_million}',
  array['tollhouse_engine: select, insert', 'tollhouse_operator, tollhouse_auditor: select']
);

rollback;
