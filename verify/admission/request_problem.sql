-- Verify tollhouse:admission/request_problem on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.value_fits(jsonb, text)', 'tollhouse_owner', 'unpinned', '{}');
select tollhouse_private.verify_function('tollhouse_private.part_problem(jsonb, text, text)', 'tollhouse_owner', 'invoker', '{}');
select tollhouse_private.verify_function('tollhouse_private.request_problem(jsonb)', 'tollhouse_owner', 'invoker', '{}');

rollback;
