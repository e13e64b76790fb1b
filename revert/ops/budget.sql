-- Revert tollhouse:ops/budget from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.set_monthly_cap(text, text, bigint, text);

commit;
