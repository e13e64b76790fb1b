-- Revert tollhouse:execution/without_text from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.without_text(tollhouse_private.attempt_result);

commit;
