-- Revert tollhouse:ops/operator_audit from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.audit(text, jsonb, text, jsonb, jsonb);
drop view tollhouse_ops.operator_audit;

set local role tollhouse_owner;

drop table tollhouse_private.operator_audit;

commit;
