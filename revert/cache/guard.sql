-- Revert tollhouse:cache/guard from pg

begin;

drop function tollhouse_private.guard_cache(tollhouse_private.jobs[], timestamptz);
drop function tollhouse_private.cached_result(tollhouse_private.jobs);
drop function tollhouse_private.has_answer(tollhouse_private.response_cache, timestamptz);
drop function tollhouse_private.kept_answer(text, uuid);

commit;
