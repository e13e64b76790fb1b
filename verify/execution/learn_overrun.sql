-- Verify tollhouse:execution/learn_overrun on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_private.learn_overrun(text, uuid, numeric, timestamptz)',
  'tollhouse_engine', 'invoker', '{}'
);

rollback;
