-- Verify tollhouse:ops/resume_everything on pg

begin;

select tollhouse_private.verify_function('tollhouse_ops.resume_everything(text)', 'tollhouse_engine', 'definer', '{tollhouse_operator}');

rollback;
