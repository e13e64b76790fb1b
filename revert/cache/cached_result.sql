-- Revert tollhouse:cache/cached_result from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.cached_result(tollhouse_private.jobs);

commit;
