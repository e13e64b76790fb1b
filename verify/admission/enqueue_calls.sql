-- Verify tollhouse:admission/enqueue_calls on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.refuse_call(tollhouse_private.asked_call, bigint, timestamptz)',
  'tollhouse_engine', 'definer', '{tollhouse_owner}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.early_verdicts(tollhouse_private.jobs[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.enqueue_calls(text, text, tollhouse_private.asked_call[], boolean)',
  'tollhouse_engine', 'definer', '{tollhouse_owner}'
);

rollback;
