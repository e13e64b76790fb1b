-- Verify tollhouse:ops/audit on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.audit(text, jsonb, text, jsonb, jsonb)', 'tollhouse_engine', 'invoker', '{}');

rollback;
