-- Revert tollhouse:ops/check_value from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.check_value(boolean, text, text);

commit;
