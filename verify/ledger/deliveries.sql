-- Verify tollhouse:ledger/deliveries on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.deliveries', 'tollhouse_owner',
  '{tenant_id, call_id, user_id, response, expires_at}',
  array['tollhouse_engine: select, insert, delete']
);
select tollhouse_private.verify_policies(
  'tollhouse_private.deliveries',
  '{deliveries_all_engine, deliveries_select_owner, deliveries_insert_owner}'
);

rollback;
