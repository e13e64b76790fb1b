-- Revert tollhouse:ops/set_monthly_cap from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.set_monthly_cap(text, text, bigint, text);

commit;
