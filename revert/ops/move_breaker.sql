-- Revert tollhouse:ops/move_breaker from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.move_breaker(text, text, text, text, text, timestamptz, text);

commit;
