-- Verify tollhouse:admission/decide on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.decide(tollhouse_private.work[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
