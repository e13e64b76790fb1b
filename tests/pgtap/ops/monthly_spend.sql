begin;
select plan(4);

\ir money.psql

select results_eq(
  $$
    select ms.user_id, ms.spent_usd, ms.reserved_usd, ms.month_before_usd, ms.change_percent
    from tollhouse.monthly_spend as ms
    where ms.tenant_id = 'acme' and ms.month = date_trunc('month', now() at time zone 'UTC')::date
    order by ms.user_id
  $$,
  $$values ('', 6.000000, 1.000000, 4.000000, 50.0), ('ann', 5.999999, 1.000000, null, null), ('bob', 0.000001, 0.000000, null, null),
    ('eve', 0.000000, 0.000000, null, null)$$,
  'monthly_spend: each budget''s month, beside the month before'
);
select is((select count(*) from tollhouse.monthly_spend as ms where ms.tenant_id = 'acme'), 5::bigint, 'of the last twelve months');

-- As ann of acme.
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select results_eq('select distinct tenant_id, user_id from tollhouse.monthly_spend order by user_id', $$values ('acme', 'ann')$$, 'ann sees her spend, and not what her tenant spends');
set local tollhouse.tenant_id = '';
select is_empty('select from tollhouse.monthly_spend', 'nobody sees nothing');

select * from finish();
rollback;
