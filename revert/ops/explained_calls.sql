-- Revert tollhouse:ops/explained_calls from pg

begin;
set local role tollhouse_engine;

drop view tollhouse_ops.explained_calls;

commit;
