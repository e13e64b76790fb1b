begin;
select plan(3);

select columns_are('tollhouse_private', 'turns', array['tenant_id', 'line', 'last_user_id'], 'who had the last turn is known per tenant and line');
select col_is_pk('tollhouse_private', 'turns', array['tenant_id', 'line'], 'once');
select indexes_are('tollhouse_private', 'turns', array['turns_pkey'], 'and no further index');

select * from finish();
rollback;
