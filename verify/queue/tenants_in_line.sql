-- Verify tollhouse:queue/tenants_in_line on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.tenants_in_line(text, integer)', 'tollhouse_engine', 'invoker', '{}');
select tollhouse_private.verify_function('tollhouse_private.users_in_line(text, text, integer)', 'tollhouse_engine', 'unpinned', '{}');

rollback;
