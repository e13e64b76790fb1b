begin;
select plan(23);
\ir scene.psql
create function pg_temp.cap(p_user_id text default '')
  returns text
  language sql
as $$
  select format('%s, %s', coalesce((select bc.cap_micro_usd::text from tollhouse_private.budget_caps as bc where bc.tenant_id = 'acme' and bc.user_id = p_user_id), 'none'),
    (select coalesce(mb.cap_micro_usd::text, 'none') from tollhouse_private.monthly_budgets as mb
     where mb.tenant_id = 'acme' and mb.user_id = p_user_id and mb.month = tollhouse_private.budget_month(now())))
$$;

select is(pg_temp.leaves($$set_monthly_cap('acme', '', 5000000, 'agreed')$$), 1::bigint, 'a cap is set, and it is audited');
select is(pg_temp.cap(), '5000000, 5000000', 'for this month and those to come');
select is(pg_temp.audited(), 'set_monthly_cap | {"tenant_id": "acme"} | agreed | {"cap_micro_usd": 5000000}', 'a first cap had none before');
select pg_temp.leaves($$set_monthly_cap('acme', '', 7000000, 'raised')$$);
select is(pg_temp.audited(), 'set_monthly_cap | {"tenant_id": "acme"} | raised | {"cap_micro_usd": 5000000} | {"cap_micro_usd": 7000000}', 'a change has both on record');
select is(pg_temp.leaves($$set_monthly_cap('acme', 'ann', 1000, 'agreed')$$), 1::bigint, 'a user has a cap of their own');
select is(array[pg_temp.cap('ann'), pg_temp.cap()], array['1000, 1000', '7000000, 7000000'], 'beside the tenant''s');
update tollhouse_private.monthly_budgets set spent_micro_usd = 3000, reserved_micro_usd = 10;
select pg_temp.leaves($$set_monthly_cap('acme', 'ann', 0, 'stop')$$);
select results_eq($$select cap_micro_usd, spent_micro_usd, reserved_micro_usd from tollhouse_private.monthly_budgets where user_id = 'ann'$$, $$values (0::bigint, 3000::bigint, 10::bigint)$$,
  'a cap can be set below what is spent, and what is spent stays spent');
select pg_temp.leaves($$set_monthly_cap('acme', 'ann', null, 'free')$$);
select is(pg_temp.cap('ann'), 'none, none', 'null takes it away');
select is(pg_temp.audited(), 'set_monthly_cap | {"user_id": "ann", "tenant_id": "acme"} | free | {"cap_micro_usd": 0} | {"cap_micro_usd": null}', 'and that is on record');
insert into tollhouse_private.monthly_budgets values ('acme', '', '2020-01-01', 1, 0, 0);
select tollhouse_ops.set_monthly_cap('acme', '', 9, 'test');
select is((select cap_micro_usd from tollhouse_private.monthly_budgets where month = '2020-01-01'), 1::bigint, 'months gone by keep theirs');

select pg_temp.refuses('TH301', $$set_monthly_cap('acme', '', 1, null)$$, 'a cap takes a reason');
select pg_temp.refuses('TH301', $$set_monthly_cap('acme', '', null, '  ')$$, 'so does its end');
select is(pg_temp.cap(), '9, 9', 'without one nothing changes');
select pg_temp.refuses('TH303', $$set_monthly_cap('acme', '', -1, 'test')$$, 'a negative cap is refused');
select pg_temp.refuses('TH303', $$set_monthly_cap('', '', 1, 'test')$$, 'no tenant is refused');
select pg_temp.refuses('TH303', $$set_monthly_cap(null, '', 1, 'test')$$, 'nor is null one');
select pg_temp.refuses('TH303', $$set_monthly_cap('acme', null, 1, 'test')$$, 'a null user is refused, not taken for the tenant');
select pg_temp.refuses('TH303', $$set_monthly_cap('acme', 'a b', 1, 'test')$$, 'a malformed user is refused');
select is(pg_temp.audits(), 6::bigint, 'a refusal leaves no audit row');
set local role tollhouse_auditor;
select throws_ok($$select tollhouse_ops.set_monthly_cap('acme', '', 1, 'test')$$, '42501', null, 'who may only read sets no cap');
reset role;

-- By the clock, not by the beginning of the transaction.
create schema quick;
grant usage on schema quick to tollhouse_engine;
create function quick.clock_timestamp()
  returns timestamptz
  language sql
as $$
  select current_setting('test.now')::timestamptz
$$;
alter function tollhouse_ops.set_monthly_cap(text, text, bigint, text) set search_path = quick, pg_catalog, pg_temp;
create function pg_temp.caps()
  returns text
  language sql
as $$
  select string_agg(mb.month || ' ' || coalesce(mb.cap_micro_usd::text, '-'), ', ' order by mb.month) from tollhouse_private.monthly_budgets as mb where mb.tenant_id = 'umbrella'
$$;
set local test.now = '2030-01-31 22:59:59Z';
select tollhouse_ops.set_monthly_cap('umbrella', '', 5, 'test');
select is(pg_temp.caps(), '2030-01-01 5', 'the month is the clock''s');
set local test.now = '2030-01-31 23:00:01Z';
select tollhouse_ops.set_monthly_cap('umbrella', '', 6, 'test');
select is(pg_temp.caps(), '2030-01-01 6, 2030-02-01 6', 'in its last hour the next one has the cap too, before a claim can copy the old one into it');
insert into tollhouse_private.monthly_budgets (tenant_id, month, cap_micro_usd) values ('umbrella', '2030-03-01', 6);
set local test.now = '2030-02-10 12:00Z';
select tollhouse_ops.set_monthly_cap('umbrella', '', null, 'test');
select is(pg_temp.caps(), '2030-01-01 6, 2030-02-01 -, 2030-03-01 -', 'a month that is there already gets it; one that is over keeps its own');

select * from finish();
rollback;
