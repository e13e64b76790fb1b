-- Revert tollhouse:ops/open_breaker from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.open_breaker(text, text, text, text, interval);

commit;
