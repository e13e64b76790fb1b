-- Revert tollhouse:ops/operator_audit from pg

begin;
set local role tollhouse_engine;

drop view tollhouse_ops.operator_audit;
drop function tollhouse_private.check_value(boolean, text, text);
drop function tollhouse_private.check_target(text, text);
drop function tollhouse_private.audit(text, jsonb, text, jsonb, jsonb);

set local role tollhouse_owner;

drop table tollhouse_private.operator_audit;

commit;
