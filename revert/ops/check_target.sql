-- Revert tollhouse:ops/check_target from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.check_target(text, text);

commit;
