-- Verify tollhouse:execution/close_calls on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.ending(tollhouse_private.work, text, text, tollhouse_private.attempt_result, tollhouse_private.jobs, bigint)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.materialize(tollhouse_private.settlement[])',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.close_calls(tollhouse_private.settlement[], timestamptz)',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.announce(tollhouse_private.settlement[])',
  'tollhouse_owner', 'invoker', '{tollhouse_engine}'
);

rollback;
