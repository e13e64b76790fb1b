-- Revert tollhouse:ops/checks from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.check_target(text, text);
drop function tollhouse_private.check_value(boolean, text, text);

commit;
