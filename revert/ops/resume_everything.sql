-- Revert tollhouse:ops/resume_everything from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.resume_everything(text);

commit;
