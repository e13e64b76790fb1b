-- Revert tollhouse:ops/rate_limit from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.drop_rate_limit(text, text, text);
drop function tollhouse_ops.set_rate_limit(text, text, integer, integer, integer, text);

commit;
