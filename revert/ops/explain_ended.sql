-- Revert tollhouse:ops/explain_ended from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.explain_ended(text, uuid, timestamptz);

commit;
