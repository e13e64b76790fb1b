-- Verify tollhouse:ledger/call_content on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.call_content', 'tollhouse_owner',
  '{tenant_id, call_id, created_at, user_id, request, response, reasoning, metadata}',
  array[
    'tollhouse_owner, tollhouse_engine: select, insert',
    'tollhouse_client, tollhouse_operator, tollhouse_auditor: select'
  ]
);
select tollhouse_private.verify_policies(
  'tollhouse_private.call_content',
  '{call_content_all_engine, call_content_select_identity, call_content_insert_owner, call_content_select_operator}'
);

rollback;
