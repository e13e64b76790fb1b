begin;
select plan(6);

create function pg_temp.ended(p_reserved bigint, p_cost bigint, p_month date default '2030-01-01', p_user_id text default 'ann')
  returns tollhouse_private.settlement
  language sql
as $$
  select jsonb_populate_record(null::tollhouse_private.settlement, jsonb_build_object('cost_micro_usd', p_cost, 'job', jsonb_build_object(
    'tenant_id', 'acme', 'user_id', p_user_id, 'budget_month', p_month, 'reserved_micro_usd', p_reserved)))
$$;
create function pg_temp.budgets()
  returns setof text
  language sql
as $$
  select format('%s %s: %s, %s', to_char(mb.month, 'MM'), mb.user_id, mb.reserved_micro_usd, mb.spent_micro_usd)
  from tollhouse_private.monthly_budgets as mb order by mb.month, mb.user_id
$$;
insert into tollhouse_private.monthly_budgets values
  ('acme', '', '2030-01-01', 1000, 900, 0), ('acme', 'ann', '2030-01-01', null, 600, 0), ('acme', 'bob', '2030-01-01', null, 300, 0),
  ('acme', '', '2030-02-01', 1000, 50, 0), ('acme', 'ann', '2030-02-01', null, 50, 0);

select tollhouse_private.settle_budget(tollhouse_private.dues(array[pg_temp.ended(300, 10), pg_temp.ended(200, 0), pg_temp.ended(300, 7, p_user_id => 'bob')], now()), now());
select results_eq('select pg_temp.budgets()', array['01 : 100, 17', '01 ann: 100, 10', '01 bob: 0, 7', '02 : 50, 0', '02 ann: 50, 0'],
  'each reservation is released and each cost is booked, for the user and the tenant');
select tollhouse_private.settle_budget(tollhouse_private.dues(array[pg_temp.ended(100, 100), pg_temp.ended(50, 50, '2030-02-01')], now()), now());
select results_eq('select pg_temp.budgets()', array['01 : 0, 117', '01 ann: 0, 110', '01 bob: 0, 7', '02 : 0, 50', '02 ann: 0, 50'],
  'a month that reserved is the month that pays, though another one has begun');
select tollhouse_private.settle_budget(tollhouse_private.dues(array[pg_temp.ended(0, -20)], now()), now());
select results_eq('select pg_temp.budgets()', array['01 : 0, 97', '01 ann: 0, 90', '01 bob: 0, 7', '02 : 0, 50', '02 ann: 0, 50'],
  'a correction gives back what was charged too much');
select throws_ok($$select tollhouse_private.settle_budget(tollhouse_private.dues(array[pg_temp.ended(1, 0)], now()), now())$$, '23514', null, 'what was not reserved can''t be released');
select tollhouse_private.settle_budget('{}', now());
select results_eq('select pg_temp.budgets()', array['01 : 0, 97', '01 ann: 0, 90', '01 bob: 0, 7', '02 : 0, 50', '02 ann: 0, 50'], 'an empty batch moves nothing');

select is_empty($$select from tollhouse_private.monthly_budgets where reserved_micro_usd <> 0$$, 'in the end nothing stays reserved');

select * from finish();
rollback;
