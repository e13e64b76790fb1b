-- Revert tollhouse:ops/drop_rate_limit from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.drop_rate_limit(text, text, text);

commit;
