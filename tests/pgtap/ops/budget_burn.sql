begin;
select plan(7);

\ir money.psql

select results_eq(
  $$
    select bb.user_id, bb.cap_usd, bb.spent_usd, bb.reserved_usd, bb.used_percent, bb.last_24h_usd
    from tollhouse.budget_burn as bb where bb.tenant_id = 'acme' order by bb.user_id
  $$,
  $$values ('', 10.000000, 6.000000, 1.000000, 70.0, 2.500000), ('ann', null::numeric, 5.999999, 1.000000, null, 0.000000),
    ('bob', 1.000000, 0.000001, 0.000000, 0.0, 0.500000), ('eve', 0.000000, 0.000000, 0.000000, null, 0.000000)$$,
  'budget_burn: the running month against its cap'
);
select results_eq(
  $$
    select bb.user_id, bb.projected_usd = round((bb.spent_usd + bb.last_24h_usd * t.days_left)::numeric, 6)
    from tollhouse.budget_burn as bb
    cross join (
      select extract(epoch from (date_trunc('month', now() at time zone 'UTC') + interval '1 month') - now() at time zone 'UTC') / 86400 as days_left
    ) as t
    where bb.tenant_id = 'acme' order by bb.user_id
  $$,
  $$values ('', true), ('ann', true), ('bob', true), ('eve', true)$$,
  'the projection goes on as the last 24 hours went'
);
select results_eq(
  $$
    select bb.user_id, bb.cap_reached_at - now()
    from tollhouse.budget_burn as bb where bb.tenant_id = 'acme' and (bb.user_id in ('ann', 'eve')) order by bb.user_id
  $$,
  $$values ('ann', null::interval), ('eve', interval '0')$$,
  'without a cap it is never reached, a cap of nothing is'
);
select results_eq(
  $$
    select bb.cap_reached_at is not null, bb.cap_reached_at is null or bb.cap_reached_at - now() = interval '38.4 hours'
    from tollhouse.budget_burn as bb where bb.tenant_id = 'acme' and bb.user_id = ''
  $$,
  $$
    select extract(epoch from (date_trunc('month', now() at time zone 'UTC') + interval '1 month') - now() at time zone 'UTC') / 3600 >= 38.4, true
  $$,
  '4 USD left at 2.50 a day last 38.4 hours, if the month does'
);
select ok((select bb.month_elapsed_percent between 0 and 100 from tollhouse.budget_burn as bb where bb.tenant_id = 'globex'), 'the month is partly over');

-- As ann of acme.
set local tollhouse.tenant_id = 'acme';
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select results_eq('select tenant_id, user_id from tollhouse.budget_burn order by user_id', $$values ('acme', 'ann')$$, 'ann sees her budget, and not her tenant''s');
set local tollhouse.tenant_id = '';
select is_empty('select from tollhouse.budget_burn', 'nobody sees nothing');

select * from finish();
rollback;
