-- Verify tollhouse:ops/login_bindings on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.drop_bindings(name)', 'tollhouse_engine', 'invoker', '{}');
select tollhouse_private.verify_function(
  'tollhouse_ops.bind_login(name, text, text, text, boolean)',
  'tollhouse_engine', 'definer', '{tollhouse_operator}'
);
select tollhouse_private.verify_function('tollhouse_ops.unbind_login(name, text)', 'tollhouse_engine', 'definer', '{tollhouse_operator}');

rollback;
