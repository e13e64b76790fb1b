-- Verify tollhouse:ops/stop_everything on pg

begin;

select tollhouse_private.verify_function('tollhouse_ops.stop_everything(text)', 'tollhouse_engine', 'definer', '{tollhouse_operator}');

rollback;
