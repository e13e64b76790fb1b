-- Verify tollhouse:coalescing/guard on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.leader_is_lost(text, uuid)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.guard_coalescing(tollhouse_private.work[], timestamptz, tollhouse_private.work[])',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
