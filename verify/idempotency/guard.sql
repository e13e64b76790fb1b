-- Verify tollhouse:idempotency/guard on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.guard_idempotency(tollhouse_private.jobs[])',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.existing_calls(tollhouse_private.jobs[])',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
