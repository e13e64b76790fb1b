-- Verify tollhouse:idempotency/request_keys on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.request_keys', 'tollhouse_owner',
  '{tenant_id, endpoint, request_id, user_id, call_id, created_at, fingerprint}',
  array['tollhouse_engine: select, insert, delete']
);
select tollhouse_private.verify_policies(
  'tollhouse_private.request_keys',
  '{request_keys_all_engine, request_keys_select_owner}'
);

rollback;
