-- Verify tollhouse:cache/response_cache on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.response_cache', 'tollhouse_owner',
  '{tenant_id, cache_key, scope, call_id, upkeep_at, expires_at, provider, model, cost_micro_usd, response}',
  array['tollhouse_engine: select, insert, update, delete']
);
select tollhouse_private.verify_policies('tollhouse_private.response_cache', '{response_cache_all_engine}');

rollback;
