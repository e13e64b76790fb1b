-- Revert tollhouse:cache/store from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.cached_result(tollhouse_private.jobs);
drop function tollhouse_private.store_answers(tollhouse_private.settlement[], timestamptz);

commit;
