-- Verify tollhouse:admission/existing_call on pg

begin;

select tollhouse_private.verify_function('tollhouse_private.existing_call(tollhouse_private.jobs)', 'tollhouse_owner', 'invoker', '{}');

rollback;
