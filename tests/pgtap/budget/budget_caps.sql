begin;
select plan(4);

select columns_are('tollhouse_private', 'budget_caps', array['tenant_id', 'user_id', 'cap_micro_usd'], 'a cap is copied into each new month');
select col_is_pk('tollhouse_private', 'budget_caps', array['tenant_id', 'user_id'], 'one cap per tenant and user');
select throws_ok($$insert into tollhouse_private.budget_caps values ('acme', '', null)$$, '23502', null, 'no cap is no row');

select tollhouse.set_identity('acme', 'ann');
set local role tollhouse_client;
select throws_ok('select from tollhouse_private.budget_caps', '42501', null, 'a user can''t read others'' caps');

select * from finish();
rollback;
