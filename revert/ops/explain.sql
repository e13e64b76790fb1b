-- Revert tollhouse:ops/explain from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_ops.explain(text, text, text, text);

commit;
