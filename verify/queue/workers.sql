-- Verify tollhouse:queue/workers on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.workers', 'tollhouse_owner',
  '{worker_id, name, version, capacity, in_flight, idle, started_at, alive_until, last_tenant_id, last_due_tenant_id}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_operator, tollhouse_auditor, tollhouse_monitor: select'
  ]
);

rollback;
