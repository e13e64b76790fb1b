-- Verify tollhouse:budget/stands_in_line on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.stands_in_line(text, text, uuid[])', 'tollhouse_engine', 'invoker', '{}');

rollback;
