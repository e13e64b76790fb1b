-- Verify tollhouse:rate_limit/next_in_line on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.next_in_line(text, text, integer)', 'tollhouse_engine', 'invoker', '{}');

rollback;
