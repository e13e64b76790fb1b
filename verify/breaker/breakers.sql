-- Verify tollhouse:breaker/breakers on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.breakers', 'tollhouse_owner',
  '{tenant_id, user_id, provider, state, consecutive_failures, opened_at, open_until, probe_call_id, reason}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor: select'
  ]
);
select tollhouse_private.verify_policies(
  'tollhouse_private.breakers',
  '{breakers_all_engine, breakers_select_identity, breakers_select_operator}'
);

rollback;
