-- Verify tollhouse:ops/queue_limits on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.set_queue_limit(text, bigint, bigint, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);
select tollhouse_private.verify_function(
  'tollhouse_ops.drop_queue_limit(text, text)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);
select tollhouse_private.verify_view(
  'tollhouse_ops.queue_limits', 'tollhouse_engine',
  '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'
);

rollback;
