begin;
select plan(42);
\ir scene.psql
create function pg_temp.shutoff(p_user_id text default '')
  returns text
  language sql
as $$
  select concat_ws(' ', coalesce(hs.threshold_micro_usd::text, '-'), coalesce(hs.cooldown::text, '-'), coalesce(hs.mode, '-'), hs.disabled_until > clock_timestamp(), hs.reason)
  from tollhouse_private.hourly_shutoffs as hs where hs.tenant_id = 'acme' and hs.user_id = p_user_id
$$;

-- change_shutoff
savepoint apart;
select pg_temp.refuses('TH303', $$set_shutoff('a b', '', clock_timestamp() + interval '1 hour', 'test')$$, 'a malformed tenant is refused');
select pg_temp.refuses('TH303', $$set_shutoff('acme', null, clock_timestamp() + interval '1 hour', 'test')$$, 'a null user is refused, not taken for the tenant');
select is(pg_temp.audits(), 0::bigint, 'a refusal leaves no audit row');
rollback to apart;

-- set_shutoff
savepoint apart;
select is(pg_temp.leaves($$set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'too much')$$), 1::bigint, 'a tenant is shut off, and it is audited');
select is(pg_temp.shutoff(), '- - manual t too much', 'by hand, for a while, with the reason');
select matches(pg_temp.audited(), '^set_shutoff \| {"tenant_id": "acme"} \| too much \| {.*"mode": null.*} \| {.*"mode": "manual".*}$', 'before and after are on record');
select is(pg_temp.leaves($$set_shutoff('acme', 'ann', clock_timestamp() + interval '1 hour', 'ann too')$$), 1::bigint, 'so is a user');
select is(pg_temp.shutoff('ann'), '- - manual t ann too', 'apart from the tenant');

select pg_temp.refuses('TH301', $$set_shutoff('acme', '', clock_timestamp() + interval '1 hour', null)$$, 'a shutoff takes a reason');
select is(pg_temp.shutoff('ann'), '- - manual t ann too', 'without one nothing changes');
select pg_temp.refuses('TH303', $$set_shutoff('acme', '', clock_timestamp() - interval '1 second', 'test')$$, 'a shutoff that is over is refused');
select pg_temp.refuses('TH303', $$set_shutoff('acme', '', null, 'test')$$, 'so is one without an end');
select pg_temp.refuses('TH303', $$set_shutoff('acme', '', 'infinity', 'test')$$, 'or with none in sight: that is a kill switch');
select pg_temp.refuses('TH303', $$set_shutoff('acme', '', '20000-01-01', 'test')$$, 'or beyond what a client can read');
select is(pg_temp.audits(), 2::bigint, 'a refusal leaves no audit row');
rollback to apart;

-- lift_shutoff
savepoint apart;
select pg_temp.leaves($$set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'too much')$$),
  pg_temp.leaves($$set_shutoff('acme', 'ann', clock_timestamp() + interval '1 hour', 'ann too')$$),
  pg_temp.leaves($$set_hourly_threshold('acme', '', 5000000, 'careful', '10 minutes')$$);

select is(pg_temp.leaves($$lift_shutoff('acme', '', 'enough')$$), 1::bigint, 'a shutoff is lifted, and it is audited');
select is(pg_temp.shutoff(), '5000000 00:10:00 -', 'without touching the threshold');
select matches(pg_temp.audited(), '^lift_shutoff \| {"tenant_id": "acme"} \| enough \| {.*"mode": "manual".*} \| {.*"mode": null.*}$', 'what it was is on record');
select is(pg_temp.shutoff('ann'), '- - manual t ann too', 'the user''s stays');
select pg_temp.refuses('TH301', $$lift_shutoff('acme', 'ann', '')$$, 'that takes a reason');

select is(tollhouse_ops.lift_shutoff('acme', 'ann', 'enough'), true, 'who lifts one is told so');
select is(tollhouse_ops.lift_shutoff('acme', 'ann', 'enough'), false, 'and who lifts none');
select is(tollhouse_ops.lift_shutoff('acmee', '', 'enough'), false, 'as who mistypes a name');
select is((select count(*) from tollhouse_private.hourly_shutoffs where tenant_id = 'acmee'), 0::bigint, 'which leaves no row');
rollback to apart;

-- set_hourly_threshold
savepoint empty;
select pg_temp.leaves($$set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'too much')$$);

select is(pg_temp.leaves($$set_hourly_threshold('acme', '', 5000000, 'careful', '10 minutes')$$), 1::bigint, 'a threshold is set, and it is audited');
select is(pg_temp.shutoff(), '5000000 00:10:00 manual t too much', 'without touching the shutoff');
select tollhouse_ops.set_hourly_threshold('acme', '', null, 'off');
select is(pg_temp.shutoff(), '- - manual t too much', 'null takes the threshold away');

select pg_temp.refuses('TH301', $$set_hourly_threshold('acme', '', 1, null)$$, 'a threshold takes a reason');
select pg_temp.refuses('TH303', $$set_hourly_threshold('acme', '', 0, 'test')$$, 'a threshold of nothing is refused');
select pg_temp.refuses('TH303', $$set_hourly_threshold('acme', '', -1, 'test')$$, 'and of less');
select pg_temp.refuses('TH303', $$set_hourly_threshold('acme', '', 1, 'test', '0')$$, 'and a cool-down of no time');

select pg_temp.refuses('TH303', $$set_hourly_threshold('acme', '', 1, 'test', '293000 years')$$, 'nor one without end');

-- What the running hour has spent already counts.
rollback to empty;
select tollhouse_ops.set_hourly_threshold('acme', '', 100, 'test');
select is(pg_temp.shutoff(), '100 - -', 'nothing spent, nothing shut off');
insert into tollhouse_private.hourly_spend (tenant_id, user_id, hour, spent_micro_usd)
values ('acme', '', date_trunc('hour', clock_timestamp(), 'UTC'), 100), ('acme', 'ann', date_trunc('hour', clock_timestamp(), 'UTC'), 60),
  ('acme', '', date_trunc('hour', clock_timestamp(), 'UTC') - interval '1 hour', 1000)
on conflict (tenant_id, user_id, hour) do update set spent_micro_usd = excluded.spent_micro_usd;
select tollhouse_ops.set_hourly_threshold('acme', '', 101, 'test');
select is(pg_temp.shutoff(), '101 - -', 'below the threshold nothing happens, whatever the hours before have spent');
select tollhouse_ops.set_hourly_threshold('acme', '', 100, 'test');
select is(pg_temp.shutoff(), '100 - automatic t spent 0.0001 of 0.0001 USD in the hour', 'a threshold that the hour has reached shuts off at once');
select is((select disabled_until from tollhouse_private.hourly_shutoffs), date_trunc('hour', clock_timestamp(), 'UTC') + interval '1 hour', 'until the hour is over');
select matches(pg_temp.audited(), '"mode": null.*"mode": "automatic"', 'and that is on record');
select is(pg_temp.shutoff('ann'), null, 'a user of the tenant keeps what is hers');
select tollhouse_ops.lift_shutoff('acme', '', 'test'), tollhouse_ops.set_hourly_threshold('acme', '', 100, 'test');
select is(pg_temp.shutoff(), '100 - -', 'lifted, it takes another threshold''s worth, as after any automatic shutoff');
select tollhouse_ops.set_hourly_threshold('acme', 'ann', 60, 'test', '2 hours');
select is((select round(extract(epoch from disabled_until - clock_timestamp()) / 60) from tollhouse_private.hourly_shutoffs where user_id = 'ann'), 120::numeric, 'for its cool-down, if there is one');
rollback to empty;
insert into tollhouse_private.hourly_spend (tenant_id, user_id, hour, spent_micro_usd) values ('acme', '', date_trunc('hour', clock_timestamp(), 'UTC'), 100);
select tollhouse_ops.set_shutoff('acme', '', clock_timestamp() + interval '1 day', 'by hand'), tollhouse_ops.set_hourly_threshold('acme', '', 1, 'test');
select is(pg_temp.shutoff(), '1 - manual t by hand', 'a longer one, an operator''s, stays');
select tollhouse_ops.set_hourly_threshold('acme', '', null, 'test');
select is(pg_temp.shutoff(), '- - manual t by hand', 'no threshold is never reached');

select * from finish();
rollback;
