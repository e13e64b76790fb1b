-- Verify tollhouse:queue/without_request on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.without_request(tollhouse_private.jobs)', 'tollhouse_engine', 'unpinned', '{}');

rollback;
