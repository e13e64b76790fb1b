begin;
select plan(25);

\ir ../job.psql
-- One ended attempt of ann's (or another's) at a cost.
create function pg_temp.spend(p_cost bigint, p_now timestamptz, p_job jsonb default '{}', p_outcome text default 'success') returns void language sql as $$
  select tollhouse_private.book_hour(tollhouse_private.dues(array[row(
    pg_temp.work(p_job), jsonb_populate_record(null::tollhouse_private.attempt_result, jsonb_build_object('outcome', p_outcome)),
    'success', null, false, true, 'success', p_cost, 'usage', null, null, null, null, null, null
  )::tollhouse_private.settlement], p_now), p_now)
$$;
create function pg_temp.state(p_user_id text) returns text language sql as $$
  select concat_ws(' ', to_char(hs.disabled_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'), hs.mode)
  from tollhouse_private.hourly_shutoffs as hs where hs.tenant_id = 'acme' and hs.user_id = p_user_id
$$;
create function pg_temp.threshold(p_user_id text, p_threshold bigint, p_cooldown interval default null) returns void language sql as $$
  delete from tollhouse_private.hourly_spend;
  delete from tollhouse_private.hourly_shutoffs;
  insert into tollhouse_private.hourly_shutoffs (tenant_id, user_id, threshold_micro_usd, cooldown)
  values ('acme', p_user_id, p_threshold, p_cooldown)
$$;

-- Booking.
do $$
begin
  perform pg_temp.spend(5, '2026-01-01 12:59:59.999999+00'), pg_temp.spend(7, '2026-01-01 12:00:00+00');
  perform pg_temp.spend(11, '2026-01-01 13:00:00+00', '{"user_id": "bob"}'), pg_temp.spend(0, '2026-01-01 12:30:00+00', '{}', 'not_sent');
  set local timezone = 'Asia/Kolkata';
  perform pg_temp.spend(13, '2026-01-01 12:45:00+00', '{"user_id": "bob"}');
end
$$;
set local timezone = 'UTC';
select results_eq(
  $$
    select hs.tenant_id, hs.user_id, hs.hour, hs.calls, hs.spent_micro_usd
    from tollhouse_private.hourly_spend as hs order by hs.hour, hs.user_id
  $$,
  $$
    values
      ('acme', '', '2026-01-01 12:00:00+00'::timestamptz, 3::bigint, 25::bigint),
      ('acme', 'ann', '2026-01-01 12:00:00+00', 2, 12),
      ('acme', 'bob', '2026-01-01 12:00:00+00', 1, 13),
      ('acme', '', '2026-01-01 13:00:00+00', 1, 11),
      ('acme', 'bob', '2026-01-01 13:00:00+00', 1, 11)
  $$,
  'each attempt is booked to its user and its tenant, in its hour of UTC whatever the session''s time zone; what was not sent is not'
);

-- The edge of the threshold.
do $$ begin perform pg_temp.threshold('ann', 100); perform pg_temp.spend(99, '2026-01-01 12:10:00+00'); end $$;
select is(pg_temp.state('ann'), '', 'one micro-USD below the threshold nothing happens');
do $$ begin perform pg_temp.spend(1, '2026-01-01 12:20:00+00'); end $$;
select is(pg_temp.state('ann'), '2026-01-01 13:00:00 automatic', 'exactly at the threshold the user is shut off, until the hour is over');
select is(
  (select hs.reason from tollhouse_private.hourly_shutoffs as hs), 'spent 0.0001 of 0.0001 USD in the hour', 'and it says why'
);
do $$
begin
  perform pg_temp.threshold('ann', 100);
  perform pg_temp.spend(99, '2026-01-01 12:59:59.999999+00'), pg_temp.spend(99, '2026-01-01 13:00:00+00');
end
$$;
select is(pg_temp.state('ann'), '', 'the spend of two hours does not add up');
do $$ begin perform pg_temp.threshold('ann', 100); perform pg_temp.spend(1000, '2026-01-01 12:10:00+00'); end $$;
select is(pg_temp.state('ann'), '2026-01-01 13:00:00 automatic', 'one call far above it shuts off as well');
do $$ begin perform pg_temp.threshold('ann', null); perform pg_temp.spend(1000, '2026-01-01 12:10:00+00'); end $$;
select is(pg_temp.state('ann'), '', 'no threshold, no shutoff');
do $$
begin
  perform pg_temp.threshold('ann', 100);
  perform pg_temp.spend(99, '2026-01-01 12:10:00+00'), pg_temp.spend(500, '2026-01-01 12:10:00+00', '{"user_id": "bob"}'),
    pg_temp.spend(500, '2026-01-01 12:10:00+00', '{"tenant_id": "globex"}');
end
$$;
select is(pg_temp.state('ann'), '', 'what others spend does not shut a user off');

-- The tenant as a whole.
do $$
begin
  perform pg_temp.threshold('', 100);
  perform pg_temp.spend(60, '2026-01-01 12:10:00+00'), pg_temp.spend(39, '2026-01-01 12:10:00+00', '{"user_id": "bob"}');
end
$$;
select is(pg_temp.state(''), '', 'the tenant''s threshold is not reached by 99 of its users together');
do $$ begin perform pg_temp.spend(1, '2026-01-01 12:20:00+00', '{"user_id": "cid"}'); end $$;
select is(pg_temp.state(''), '2026-01-01 13:00:00 automatic', 'and by 100 it is');
select is((select count(*) from tollhouse_private.hourly_shutoffs), 1::bigint, 'no user of it is shut off in person');

-- Cool-down, and the second time in the same hour.
do $$ begin perform pg_temp.threshold('ann', 100, '5 minutes'); perform pg_temp.spend(150, '2026-01-01 12:10:00+00'); end $$;
select is(pg_temp.state('ann'), '2026-01-01 12:15:00 automatic', 'with a cool-down of its own the shutoff lasts that long');
do $$ begin perform pg_temp.spend(99, '2026-01-01 12:20:00+00'); end $$;
select is(pg_temp.state('ann'), '2026-01-01 12:15:00 automatic', 'after it, less than another threshold''s worth does not shut off again');
do $$ begin perform pg_temp.spend(1, '2026-01-01 12:30:00+00'); end $$;
select is(pg_temp.state('ann'), '2026-01-01 12:35:00 automatic', 'another threshold''s worth does');
do $$ begin perform pg_temp.threshold('ann', 100, '2 hours'); perform pg_temp.spend(100, '2026-01-01 12:10:00+00'); end $$;
select is(pg_temp.state('ann'), '2026-01-01 14:10:00 automatic', 'a cool-down may reach beyond the hour');
do $$ begin perform pg_temp.spend(100, '2026-01-01 13:00:00+00'); end $$;
select is(pg_temp.state('ann'), '2026-01-01 15:00:00 automatic', 'a new hour counts from nothing');

-- Together with an operator's.
do $$
begin
  perform pg_temp.threshold('ann', 100);
  update tollhouse_private.hourly_shutoffs set disabled_until = '2026-01-02 00:00:00+00', mode = 'manual', reason = 'by hand';
  perform pg_temp.spend(100, '2026-01-01 12:10:00+00');
end
$$;
select is(pg_temp.state('ann'), '2026-01-02 00:00:00 manual', 'a longer shutoff by hand stays as it is');
select is((select hs.reason from tollhouse_private.hourly_shutoffs as hs), 'by hand', 'with its reason');
do $$
begin
  perform pg_temp.threshold('ann', 100);
  update tollhouse_private.hourly_shutoffs set disabled_until = '2026-01-01 12:30:00+00', mode = 'manual', reason = 'by hand';
  perform pg_temp.spend(100, '2026-01-01 12:10:00+00');
end
$$;
select is(pg_temp.state('ann'), '2026-01-01 13:00:00 automatic', 'a shorter one is prolonged');

-- A late correction.
do $$
begin
  perform pg_temp.threshold('ann', 100);
  perform pg_temp.spend(80, '2026-01-01 12:10:00+00'), pg_temp.spend(-50, '2026-01-01 12:20:00+00'), pg_temp.spend(69, '2026-01-01 12:30:00+00');
end
$$;
select is(pg_temp.state('ann'), '', 'what a late result gave back counts no more');
do $$ begin perform pg_temp.spend(1, '2026-01-01 12:40:00+00'); end $$;
select is(pg_temp.state('ann'), '2026-01-01 13:00:00 automatic', 'to the micro-USD');

-- A batch.
do $$
begin
  perform pg_temp.threshold('ann', 100);
  perform tollhouse_private.book_hour(tollhouse_private.dues(array(
    select row(pg_temp.work(), jsonb_populate_record(null::tollhouse_private.attempt_result, '{"outcome": "success"}'),
      'success', null, false, true, 'success', 10, 'usage', null, null, null, null, null, null)::tollhouse_private.settlement
    from generate_series(1, 10)
  ), '2026-01-01 12:10:00+00'), '2026-01-01 12:10:00+00');
end
$$;
select is(pg_temp.state('ann'), '2026-01-01 13:00:00 automatic', 'ten calls of a batch are added up before they are compared');
select lives_ok($$select tollhouse_private.book_hour('{}', now())$$, 'an empty batch books nothing');

-- A late result: charged 100 in an hour that is over, and in this one; the first was 30, the second 1000.
do $$ begin perform pg_temp.threshold('ann', 1); end $$;
insert into tollhouse_private.hourly_spend (tenant_id, user_id, hour, calls, spent_micro_usd)
select 'acme', u.user_id, h.hour, 1, 100
from unnest(array['', 'ann']) as u (user_id), unnest(array['2026-01-01 09:00Z', '2026-01-01 12:00Z']::timestamptz[]) as h (hour);
select tollhouse_private.book_hour(array(
  select row('acme', u.user_id, '2026-01-01', h.hour, 0, 0, h.difference)::tollhouse_private.due
  from unnest(array['', 'ann']) as u (user_id),
    (values ('2026-01-01 09:00Z'::timestamptz, -70), ('2026-01-01 12:00Z', 900)) as h (hour, difference)
), '2026-01-01 12:10Z');
select results_eq('select user_id, hour, calls, spent_micro_usd from tollhouse_private.hourly_spend order by hour, user_id',
  $$values ('', '2026-01-01 09:00Z'::timestamptz, 1::bigint, 30::bigint), ('ann', '2026-01-01 09:00Z', 1, 30),
    ('', '2026-01-01 12:00Z', 1, 1000), ('ann', '2026-01-01 12:00Z', 1, 1000)$$,
  'a late result corrects the hour that was charged, the user''s and the tenant''s, and counts no call');
select is(pg_temp.state('ann'), '', 'and shuts nobody off');

select * from finish();
rollback;
