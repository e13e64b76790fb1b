-- Verify tollhouse:queue/cancel_requests on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.cancel_requests', 'tollhouse_owner',
  '{tenant_id, call_id, user_id, id}',
  array[
    'tollhouse_owner: select, insert',
    'tollhouse_engine: select, update, delete',
    'tollhouse_client, tollhouse_operator, tollhouse_auditor: select'
  ]
);
select tollhouse_private.verify_policies(
  'tollhouse_private.cancel_requests',
  '{cancel_requests_all_engine, cancel_requests_select_identity, cancel_requests_insert_owner, cancel_requests_select_operator}'
);

rollback;
