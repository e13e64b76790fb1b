-- Verify tollhouse:cache/cache_flights on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.cache_flights', 'tollhouse_owner',
  '{tenant_id, scope, endpoint, cache_key, watermark, call_id}',
  array['tollhouse_engine: select, insert, update, delete']
);
select tollhouse_private.verify_policies('tollhouse_private.cache_flights', '{cache_flights_all_engine}');

rollback;
