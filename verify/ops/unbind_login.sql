-- Verify tollhouse:ops/unbind_login on pg

begin;

select tollhouse_private.verify_function('tollhouse_ops.unbind_login(name, text)', 'tollhouse_engine', 'definer', '{tollhouse_operator}');

rollback;
