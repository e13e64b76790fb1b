-- Revert tollhouse:cache/store_answers from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.store_answers(tollhouse_private.settlement[], timestamptz);

commit;
