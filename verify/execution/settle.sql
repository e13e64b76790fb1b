-- Verify tollhouse:execution/settle on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.settle(tollhouse_private.work[], tollhouse_private.attempt_result[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.without_answers(tollhouse_private.settlement[])',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
