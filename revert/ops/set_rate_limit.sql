-- Revert tollhouse:ops/set_rate_limit from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.set_rate_limit(text, text, integer, integer, integer, text);

commit;
