-- Verify tollhouse:rate_limit/call_up on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.call_up(timestamptz)', 'tollhouse_engine', 'invoker', '{}');

rollback;
