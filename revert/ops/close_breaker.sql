-- Revert tollhouse:ops/close_breaker from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.close_breaker(text, text, text, text);

commit;
