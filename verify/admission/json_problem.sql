-- Verify tollhouse:admission/json_problem on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.json_problem(jsonb)', 'tollhouse_owner', 'unpinned', '{}');

rollback;
