-- Verify tollhouse:execution/settle on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.without_text(tollhouse_private.attempt_result)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.assess(tollhouse_private.settlement[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.append_attempts(tollhouse_private.settlement[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.requeue(tollhouse_private.settlement[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.learn_overrun(text, uuid, numeric, timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.settle(tollhouse_private.settlement[], timestamptz, tollhouse_private.due[], tollhouse_private.overrun[])',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.without_answers(tollhouse_private.settlement[])',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_type('tollhouse_private.overrun', 'tollhouse_engine');

rollback;
