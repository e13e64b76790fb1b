-- Revert tollhouse:ops/limits from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.unbind_login(name, text);
drop function tollhouse_ops.bind_login(name, text, text, text, boolean);
drop function tollhouse_ops.close_breaker(text, text, text, text);
drop function tollhouse_ops.open_breaker(text, text, text, text, interval);
drop function tollhouse_private.move_breaker(text, text, text, text, text, timestamptz, text);
drop function tollhouse_ops.drop_rate_limit(text, text, text);
drop function tollhouse_ops.set_rate_limit(text, text, integer, integer, integer, text);

commit;
