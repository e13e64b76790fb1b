-- Revert tollhouse:ops/breaker from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.close_breaker(text, text, text, text);
drop function tollhouse_ops.open_breaker(text, text, text, text, interval);
drop function tollhouse_private.move_breaker(text, text, text, text, text, timestamptz, text);

commit;
