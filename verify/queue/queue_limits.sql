-- Verify tollhouse:queue/queue_limits on pg

begin;

select tollhouse_private.verify_table(
  'tollhouse_private.queue_limits', 'tollhouse_owner',
  '{tenant_id, max_calls, max_bytes}',
  array[
    'tollhouse_engine: select, insert, update, delete',
    'tollhouse_operator, tollhouse_auditor, tollhouse_monitor: select'
  ]
);
select tollhouse_private.verify_policies('tollhouse_private.queue_limits', '{queue_limits_all_engine, queue_limits_select_operator}');
select tollhouse_private.verify_table(
  'tollhouse_private.queue_counts', 'tollhouse_owner',
  '{tenant_id, count_id, calls, bytes}',
  array['tollhouse_engine: select, insert, update, delete']
);
select tollhouse_private.verify_policies('tollhouse_private.queue_counts', '{queue_counts_all_engine}');

rollback;
