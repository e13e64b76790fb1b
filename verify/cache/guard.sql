-- Verify tollhouse:cache/guard on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.kept_answer(text, uuid)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.has_answer(tollhouse_private.response_cache, timestamptz)',
  'tollhouse_engine', 'unpinned', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.cached_result(tollhouse_private.work)',
  'tollhouse_engine', 'invoker', '{}'
);
select tollhouse_private.verify_function(
  'tollhouse_private.guard_cache(tollhouse_private.work[], timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
