begin;
select plan(12);

select columns_are('tollhouse_private', 'monthly_budgets', array[
  'tenant_id', 'user_id', 'month', 'cap_micro_usd', 'reserved_micro_usd', 'spent_micro_usd', 'line_at', 'line_user_id'
], 'a month''s budget has a cap, what is reserved and what is spent');
select col_is_pk('tollhouse_private', 'monthly_budgets', array['tenant_id', 'user_id', 'month'], 'one budget per tenant, user and month');
select col_type_is('tollhouse_private', 'monthly_budgets', 'spent_micro_usd', 'bigint', 'money is whole micro-USD');
select policies_are('tollhouse_private', 'monthly_budgets',
  array['monthly_budgets_all_engine', 'monthly_budgets_select_client', 'monthly_budgets_select_operator', 'monthly_budgets_select_owner'], 'a client reads less than the functions that explain a refusal to it');
select throws_ok($$insert into tollhouse_private.monthly_budgets (tenant_id, month) values ('acme', '2030-01-02')$$, '23514', null, 'a budget begins on the first of a month');
select throws_ok($$insert into tollhouse_private.monthly_budgets (tenant_id, month, cap_micro_usd) values ('acme', '2030-01-01', -1)$$, '23514', null, 'a negative cap is refused');
select throws_ok($$insert into tollhouse_private.monthly_budgets (tenant_id, month, reserved_micro_usd) values ('acme', '2030-01-01', -1)$$, '23514', null,
  'nothing can be released that was not reserved');

insert into tollhouse_private.monthly_budgets (tenant_id, user_id, month, cap_micro_usd, reserved_micro_usd, spent_micro_usd)
values ('acme', '', '2030-01-01', 5000000, 1000000, 1234567), ('acme', 'ann', '2030-01-01', null, 0, 1), ('acme', 'bob', '2030-01-01', 1, 0, 0), ('globex', '', '2030-01-01', 1, 0, 0);
select tollhouse.set_identity('acme', 'ann');
set local role tollhouse_client;
select results_eq('select user_id, left_micro_usd, spent_usd from tollhouse.monthly_budgets order by user_id',
  $$values ('ann', null::bigint, 0.00)$$, 'a user sees their own budget, in USD too, and not the tenant''s');
select throws_ok('update tollhouse_private.monthly_budgets set cap_micro_usd = null', '42501', null, 'and can''t raise a cap');
reset role;
create role th_pgtap_admin login in role tollhouse_client;
select tollhouse_ops.bind_login('th_pgtap_admin', 'acme', 'test', p_reads_all_users => true);
set local session authorization th_pgtap_admin;
select results_eq('select user_id, left_micro_usd from tollhouse.monthly_budgets order by user_id',
  $$values ('', 2765433::bigint), ('ann', null), ('bob', 1)$$, 'the tenant''s administrator sees all of them');
set local session authorization default;
select set_config('tollhouse.tenant_id', 'acme', true), set_config('tollhouse.user_id', 'ann', true);
set local role tollhouse_owner;
select results_eq('select user_id from tollhouse_private.monthly_budgets order by user_id', array['', 'ann'], 'a function that explains sees what stops its caller');
reset role;
set local role tollhouse_operator;
select is((select count(*) from tollhouse.monthly_budgets), 4::bigint, 'an operator sees every budget');
reset role;

select * from finish();
rollback;
