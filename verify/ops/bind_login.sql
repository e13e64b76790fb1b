-- Verify tollhouse:ops/bind_login on pg

begin;

select tollhouse_private.verify_function(
  'tollhouse_ops.bind_login(name, text, text, text, boolean)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);

rollback;
