-- Revert tollhouse:ops/overruns from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.forget_overrun(text, text);
drop view tollhouse_ops.model_overruns;

commit;
