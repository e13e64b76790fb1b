-- Verify tollhouse:ops/cache_hit_rate on pg

begin;

select tollhouse_private.verify_view(
  'tollhouse.cache_hit_rate', 'tollhouse_owner',
  '{tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
