-- Revert tollhouse:cache/guard from pg

begin;

drop function tollhouse_private.guard_cache(tollhouse_private.work[], timestamptz);
drop function tollhouse_private.cached_result(tollhouse_private.work);
drop function tollhouse_private.has_answer(tollhouse_private.response_cache, timestamptz);
drop function tollhouse_private.kept_answer(text, uuid);

commit;
