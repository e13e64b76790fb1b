begin;
select plan(37);

create function pg_temp.route(p_number integer, p_reservation bigint, p_user_id text default 'ann', p_tenant_id text default 'acme', p_waits_for text default null)
  returns tollhouse_private.route
  language sql
as $$
  select jsonb_populate_record(null::tollhouse_private.route, jsonb_build_object('reservation', p_reservation, 'job', jsonb_build_object(
    'tenant_id', p_tenant_id, 'user_id', p_user_id, 'call_id', lpad(p_number::text, 32, '0'), 'waits_for', p_waits_for)))
$$;
-- The numbers of the calls that are not admitted, those that wait with a w.
create function pg_temp.held(p_now timestamptz, variadic p_routes tollhouse_private.route[])
  returns text[]
  language sql
as $$
  select coalesce(array_agg(right(v.call_id::text, 4)::integer || case v.verdict when 'deferred' then 'w' else '' end order by v.call_id), '{}')
  from tollhouse_private.guard_budget(p_routes, p_now) as v
$$;
create function pg_temp.reserved(p_user_id text default '', p_month date default '2030-01-01')
  returns bigint
  language sql
as $$
  select mb.reserved_micro_usd from tollhouse_private.monthly_budgets as mb
  where mb.tenant_id = 'acme' and mb.user_id = p_user_id and mb.month = p_month
$$;
create function pg_temp.cap(p_user_id text, p_cap bigint)
  returns void
  language sql
as $$
  insert into tollhouse_private.budget_caps values ('acme', p_user_id, p_cap)
$$;
create function pg_temp.in_line(p_number integer, p_user_id text default 'ann')
  returns void
  language sql
as $$
  insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes,
    max_output_tokens, state, run_at, waits_for, need_micro_usd, request)
  values ('acme', lpad(p_number::text, 32, '0')::uuid, p_user_id, 'route', p_number::text, now(), '', 1, 1, 'scheduled', '2030-02-01Z', 'budget', 1, '{}')
$$;
savepoint start;

-- No cap.
select is(pg_temp.held('2030-01-15Z', pg_temp.route(1, 9000000000000), pg_temp.route(2, 9000000000000)), '{}', 'without a cap everything is admitted');
select is(pg_temp.reserved(), 18000000000000, 'and is reserved all the same');
select is(pg_temp.reserved('ann'), 18000000000000, 'for the tenant and for the user');
rollback to start;

-- The edge.
select pg_temp.cap('', 1000);
select is(pg_temp.held('2030-01-15Z', pg_temp.route(1, 1000)), '{}', 'what fits exactly is admitted');
select is(pg_temp.held('2030-01-15Z', pg_temp.route(2, 1)), '{2w}', 'where only a reservation is in the way a call waits');
select results_eq($$select verdict, reason, retry_at, need_micro_usd from tollhouse_private.guard_budget(array[pg_temp.route(2, 1)], '2030-01-15Z')$$,
  $$values ('deferred', 'budget', '2030-02-01Z'::timestamptz, 1::bigint)$$, 'and says for what, and how much; the next month begins at the latest');
select is(pg_temp.reserved(), 1000::bigint, 'what waits reserves nothing');
select is((select array_agg(user_id order by user_id) from tollhouse_private.monthly_budgets where line_at = '2030-01-15Z'), array['', 'ann'], 'and marks both its budgets');
rollback to start;
select pg_temp.cap('', 1000);
insert into tollhouse_private.monthly_budgets values ('acme', '', '2030-01-01', 1000, 300, 600);
select is(pg_temp.held('2030-01-15Z', pg_temp.route(1, 101)), '{1w}', 'what is spent and what is reserved both count');
select is(pg_temp.held('2030-01-15Z', pg_temp.route(1, 401)), '{1}', 'what can never fit beside what is spent is blocked');
select results_eq($$select verdict, reason, need_micro_usd from tollhouse_private.guard_budget(array[pg_temp.route(2, 401)], '2030-01-15Z')$$,
  $$values ('blocked', 'monthly_cap_exceeded', 401::bigint)$$, 'and says why, and what it would have needed');
update tollhouse_private.monthly_budgets set line_at = null;
select is(pg_temp.held('2030-01-15Z', pg_temp.route(1, 100)), '{}', 'and the rest is free');
select is(pg_temp.held('2030-01-15Z', pg_temp.route(3, 0)), '{}', 'what costs nothing fits a full budget');
rollback to start;

-- A batch that does not fit as a whole.
select pg_temp.cap('', 1000);
select is(pg_temp.held('2030-01-15Z', pg_temp.route(1, 600), pg_temp.route(2, 600), pg_temp.route(3, 400), pg_temp.route(4, 1001)), '{2w,3w,4}',
  'the oldest go first, and nothing smaller passes the first that waits');
select is(pg_temp.reserved(), 600::bigint, 'only what is admitted is reserved');
rollback to start;
select pg_temp.cap('', 1000);
select is(pg_temp.held('2030-01-15Z', pg_temp.route(1, 1001), pg_temp.route(2, 5000, 'ann', 'globex')), '{1}', 'one tenant''s cap is not another''s');
rollback to start;
select pg_temp.cap('', 1000);
select is(pg_temp.held('2030-01-15Z', pg_temp.route(1, 400), pg_temp.route(2, 400), pg_temp.route(3, 400, 'bob'), pg_temp.route(4, 400, 'cyd')), '{2w,4w}',
  'users take turns under their tenant''s cap');
rollback to start;

-- Who stands in line.
select pg_temp.cap('', 1000);
insert into tollhouse_private.monthly_budgets values ('acme', '', '2030-01-01', 1000, 0, 0, '2030-01-14Z'), ('acme', 'ann', '2030-01-01', null, 0, 0, '2030-01-14Z');
select is(pg_temp.held('2030-01-15Z', pg_temp.route(2, 1), pg_temp.route(3, 1, 'bob')), '{}', 'a mark without a line holds nobody up');
select pg_temp.in_line(1);
select is(pg_temp.held('2030-01-15Z', pg_temp.route(2, 1), pg_temp.route(3, 1, 'bob')), '{2w,3w}', 'who comes later stands behind');
select is(pg_temp.held('2030-01-15Z', pg_temp.route(1, 990, 'ann', 'acme', 'budget'), pg_temp.route(2, 1)), '{}', 'who is called up goes first');
update tollhouse_private.monthly_budgets set line_at = null where user_id = '';
select is(pg_temp.held('2030-01-15Z', pg_temp.route(4, 1), pg_temp.route(5, 1, 'bob')), '{4w}', 'a line for a user''s cap is that user''s alone');
rollback to start;

-- A user within a tenant.
select pg_temp.cap('', 1000);
select pg_temp.cap('ann', 300);
select is(pg_temp.held('2030-01-15Z', pg_temp.route(1, 300), pg_temp.route(2, 1), pg_temp.route(3, 700, 'bob')), '{2w}', 'a user''s cap holds within the tenant''s');
select is(array[pg_temp.reserved(), pg_temp.reserved('ann'), pg_temp.reserved('bob')], array[1000, 300, 700]::bigint[], 'each call is reserved from both');
select is((select array_agg(user_id) from tollhouse_private.monthly_budgets where line_at is not null), array['ann'], 'who waits for a user''s cap stands in that line only');
select is(pg_temp.held('2030-01-15Z', pg_temp.route(4, 1, 'cyd')), '{4w}', 'a full tenant stops users that have no cap');
select is(pg_temp.reserved('cyd'), 0::bigint, 'a call refused by one of its two budgets takes nothing from the other');
rollback to start;

-- Caps that change; months that turn.
insert into tollhouse_private.monthly_budgets values ('acme', '', '2030-01-01', 1000, 0, 600);
update tollhouse_private.monthly_budgets set cap_micro_usd = 500;
select is(pg_temp.held('2030-01-15Z', pg_temp.route(1, 1)), '{1}', 'a cap below what is spent stops everything');
update tollhouse_private.monthly_budgets set cap_micro_usd = 0, spent_micro_usd = 0;
select is(pg_temp.held('2030-01-15Z', pg_temp.route(1, 1)), '{1}', 'a cap of zero allows nothing that costs');
select pg_temp.cap('', 1000);
select is(pg_temp.held('2030-02-01Z', pg_temp.route(1, 1000)), '{}', 'a new month begins with the whole cap');
select is(array[pg_temp.reserved('', '2030-01-01'), pg_temp.reserved('', '2030-02-01')], array[0, 1000]::bigint[], 'which pays for its own calls');
update tollhouse_private.budget_caps set cap_micro_usd = 5000;
select is(pg_temp.held('2030-02-01Z', pg_temp.route(2, 1001)), '{2}', 'a month that has begun keeps its cap until it is set');
rollback to start;

-- A month that can't be made.
select pg_temp.cap('', 1000);
create function pg_temp.nothing() returns trigger language plpgsql as 'begin return null; end';
create trigger lost before insert on tollhouse_private.monthly_budgets for each row when (new.user_id = 'ann') execute function pg_temp.nothing();
select is(pg_temp.held('2030-01-15Z', pg_temp.route(1, 1), pg_temp.route(2, 1, 'bob')), '{1w}', 'a call whose budget is missing is never admitted');
select is(pg_temp.reserved(), 1::bigint, 'and reserves nothing');
select is((select retry_at from tollhouse_private.guard_budget(array[pg_temp.route(1, 1)], '2030-01-15Z')), '2030-01-15 00:00:05Z', 'it is tried again soon');
rollback to start;
create function pg_temp.nothing() returns trigger language plpgsql as 'begin return null; end';
create trigger lost before insert on tollhouse_private.monthly_budgets for each row when (new.user_id = '') execute function pg_temp.nothing();
select is(pg_temp.held('2030-01-15Z', pg_temp.route(1, 1)), '{1w}', 'nor is one whose tenant''s budget is missing');
select is(pg_temp.reserved('ann'), 0::bigint, 'whatever its user''s budget says');
rollback to start;

select is((select count(*) from tollhouse_private.guard_budget('{}', '2030-03-01Z')) + (select count(*) from tollhouse_private.monthly_budgets where month = '2030-03-01'), 0::bigint,
  'an empty batch makes no budget');

select * from finish();
rollback;
