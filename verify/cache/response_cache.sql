-- Verify tollhouse:cache/response_cache on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.response_cache', 'tollhouse_owner',
  '{tenant_id, scope, endpoint, cache_key, watermark, origin_call_id, provider, model, cost_micro_usd, response, expires_at}',
  array['tollhouse_engine: select, insert, update, delete']
);
select tollhouse_private.verify_policies('tollhouse_private.response_cache', '{response_cache_all_engine, response_cache_select_owner}');

rollback;
