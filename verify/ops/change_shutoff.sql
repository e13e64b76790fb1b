-- Verify tollhouse:ops/change_shutoff on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.change_shutoff(text, text, text, jsonb, text)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
