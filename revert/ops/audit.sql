-- Revert tollhouse:ops/audit from pg

begin;
set local role tollhouse_engine;

drop function tollhouse_private.audit(text, jsonb, text, jsonb, jsonb);

commit;
