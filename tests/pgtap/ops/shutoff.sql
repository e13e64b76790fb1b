begin;
select plan(25);

-- What the last call left: action, target, reason, before and after.
create function pg_temp.audited()
  returns text
  language sql
as $$
  select concat_ws(' | ', a.action, a.target, a.reason, a.before, a.after) from tollhouse_private.operator_audit as a order by a.id desc limit 1
$$;
create function pg_temp.audits()
  returns bigint
  language sql
as $$
  select count(*) from tollhouse_private.operator_audit
$$;
-- Runs it; how many audit rows it left.
create function pg_temp.leaves(p_call text)
  returns bigint
  language plpgsql
as $$
declare
  v_before bigint := pg_temp.audits();
begin
  execute 'select tollhouse_ops.' || p_call;
  return pg_temp.audits() - v_before;
end
$$;
create function pg_temp.refuses(p_errcode text, p_call text, p_description text)
  returns text
  language sql
as $$
  select throws_ok('select tollhouse_ops.' || p_call, p_errcode, null, p_description)
$$;
create function pg_temp.shutoff(p_user_id text default '')
  returns text
  language sql
as $$
  select concat_ws(' ', coalesce(hs.threshold_micro_usd::text, '-'), coalesce(hs.cooldown::text, '-'), coalesce(hs.mode, '-'), hs.disabled_until > clock_timestamp(), hs.reason)
  from tollhouse_private.hourly_shutoffs as hs where hs.tenant_id = 'acme' and hs.user_id = p_user_id
$$;

select is(pg_temp.leaves($$set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'too much')$$), 1::bigint, 'a tenant is shut off, and it is audited');
select is(pg_temp.shutoff(), '- - manual t too much', 'by hand, for a while, with the reason');
select matches(pg_temp.audited(), '^set_shutoff \| {"tenant_id": "acme"} \| too much \| {.*"mode": null.*} \| {.*"mode": "manual".*}$', 'before and after are on record');
select is(pg_temp.leaves($$set_shutoff('acme', 'ann', clock_timestamp() + interval '1 hour', 'ann too')$$), 1::bigint, 'so is a user');
select is(pg_temp.shutoff('ann'), '- - manual t ann too', 'apart from the tenant');
select is(pg_temp.leaves($$set_hourly_threshold('acme', '', 5000000, 'careful', '10 minutes')$$), 1::bigint, 'a threshold is set, and it is audited');
select is(pg_temp.shutoff(), '5000000 00:10:00 manual t too much', 'without touching the shutoff');
select is(pg_temp.leaves($$lift_shutoff('acme', '', 'enough')$$), 1::bigint, 'a shutoff is lifted, and it is audited');
select is(pg_temp.shutoff(), '5000000 00:10:00 -', 'without touching the threshold');
select matches(pg_temp.audited(), '^lift_shutoff \| {"tenant_id": "acme"} \| enough \| {.*"mode": "manual".*} \| {.*"mode": null.*}$', 'what it was is on record');
select is(pg_temp.shutoff('ann'), '- - manual t ann too', 'the user''s stays');
select tollhouse_ops.set_hourly_threshold('acme', '', null, 'off');
select is(pg_temp.shutoff(), '- - -', 'null takes the threshold away');

select pg_temp.refuses('TH301', $$set_shutoff('acme', '', clock_timestamp() + interval '1 hour', null)$$, 'a shutoff takes a reason');
select pg_temp.refuses('TH301', $$lift_shutoff('acme', 'ann', '')$$, 'so does its end');
select pg_temp.refuses('TH301', $$set_hourly_threshold('acme', '', 1, null)$$, 'and a threshold');
select is(pg_temp.shutoff('ann'), '- - manual t ann too', 'without one nothing changes');
select pg_temp.refuses('TH303', $$set_shutoff('acme', '', clock_timestamp() - interval '1 second', 'test')$$, 'a shutoff that is over is refused');
select pg_temp.refuses('TH303', $$set_shutoff('acme', '', null, 'test')$$, 'so is one without an end');
select pg_temp.refuses('TH303', $$set_shutoff('acme', '', 'infinity', 'test')$$, 'or with none in sight: that is a kill switch');
select pg_temp.refuses('TH303', $$set_shutoff('a b', '', clock_timestamp() + interval '1 hour', 'test')$$, 'a malformed tenant is refused');
select pg_temp.refuses('TH303', $$set_shutoff('acme', null, clock_timestamp() + interval '1 hour', 'test')$$, 'a null user is refused, not taken for the tenant');
select pg_temp.refuses('TH303', $$set_hourly_threshold('acme', '', 0, 'test')$$, 'a threshold of nothing is refused');
select pg_temp.refuses('TH303', $$set_hourly_threshold('acme', '', -1, 'test')$$, 'and of less');
select pg_temp.refuses('TH303', $$set_hourly_threshold('acme', '', 1, 'test', '0')$$, 'and a cool-down of no time');
select is(pg_temp.audits(), 5::bigint, 'a refusal leaves no audit row');

select * from finish();
rollback;
