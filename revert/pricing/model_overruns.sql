-- Revert tollhouse:pricing/model_overruns from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.with_overrun(bigint, numeric);
drop function tollhouse_private.overrun_of(text, timestamptz);
drop table tollhouse_private.model_overruns;

commit;
