-- Verify tollhouse:breaker/provider_breakers on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.provider_breakers', 'tollhouse_owner',
  '{provider, state, opened_at, open_until, probe_call_id, reason}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_operator, tollhouse_auditor, tollhouse_monitor: select'
  ]
);

rollback;
