-- Verify tollhouse:admission/turn_away on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.turn_away(tollhouse_private.work[], tollhouse_private.verdict[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
