begin;
select plan(23);

create function pg_temp.route(p_number integer, p_reservation bigint, p_user_id text default 'ann', p_tenant_id text default 'acme')
  returns tollhouse_private.route
  language sql
as $$
  select jsonb_populate_record(null::tollhouse_private.route, jsonb_build_object('reservation', p_reservation, 'job', jsonb_build_object(
    'tenant_id', p_tenant_id, 'user_id', p_user_id, 'call_id', lpad(p_number::text, 32, '0'))))
$$;
-- The numbers of the calls that are blocked.
create function pg_temp.blocked(p_now timestamptz, variadic p_routes tollhouse_private.route[])
  returns integer[]
  language sql
as $$
  select coalesce(array_agg(right(v.call_id::text, 4)::integer order by v.call_id), '{}')
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
savepoint start;

-- No cap.
select is(pg_temp.blocked('2030-01-15Z', pg_temp.route(1, 9000000000000), pg_temp.route(2, 9000000000000)), '{}', 'without a cap everything is admitted');
select is(pg_temp.reserved(), 18000000000000, 'and is reserved all the same');
select is(pg_temp.reserved('ann'), 18000000000000, 'for the tenant and for the user');
rollback to start;

-- The edge.
select pg_temp.cap('', 1000);
select is(pg_temp.blocked('2030-01-15Z', pg_temp.route(1, 1000)), '{}', 'what fits exactly is admitted');
select is(pg_temp.blocked('2030-01-15Z', pg_temp.route(2, 1)), '{2}', 'one micro-USD over is not');
select results_eq($$select verdict, reason from tollhouse_private.guard_budget(array[pg_temp.route(2, 1)], '2030-01-15Z')$$,
  $$values ('blocked', 'monthly_cap_exceeded')$$, 'and says why');
select is(pg_temp.reserved(), 1000::bigint, 'what is refused reserves nothing');
select is(pg_temp.blocked('2030-01-15Z', pg_temp.route(3, 0)), '{}', 'what costs nothing fits a full budget');
rollback to start;
select pg_temp.cap('', 1000);
insert into tollhouse_private.monthly_budgets values ('acme', '', '2030-01-01', 1000, 300, 600);
select is(pg_temp.blocked('2030-01-15Z', pg_temp.route(1, 101)), '{1}', 'what is spent and what is reserved both count');
select is(pg_temp.blocked('2030-01-15Z', pg_temp.route(1, 100)), '{}', 'and the rest is free');
rollback to start;

-- A batch that does not fit as a whole.
select pg_temp.cap('', 1000);
select is(pg_temp.blocked('2030-01-15Z', pg_temp.route(1, 600), pg_temp.route(2, 600), pg_temp.route(3, 400), pg_temp.route(4, 1)), '{2,4}',
  'the oldest go first, and a call that fits is not refused because a bigger one before it did not');
select is(pg_temp.reserved(), 1000::bigint, 'only what is admitted is reserved');
rollback to start;
select pg_temp.cap('', 1000);
select is(pg_temp.blocked('2030-01-15Z', pg_temp.route(1, 1001), pg_temp.route(2, 5000, 'ann', 'globex')), '{1}', 'one tenant''s cap is not another''s');
rollback to start;

-- A user within a tenant.
select pg_temp.cap('', 1000);
select pg_temp.cap('ann', 300);
select is(pg_temp.blocked('2030-01-15Z', pg_temp.route(1, 300), pg_temp.route(2, 1), pg_temp.route(3, 700, 'bob')), '{2}', 'a user''s cap holds within the tenant''s');
select is(array[pg_temp.reserved(), pg_temp.reserved('ann'), pg_temp.reserved('bob')], array[1000, 300, 700]::bigint[], 'each call is reserved from both');
select is(pg_temp.blocked('2030-01-15Z', pg_temp.route(4, 1, 'cyd')), '{4}', 'a full tenant stops users that have no cap');
select is(pg_temp.reserved('cyd'), 0::bigint, 'a call refused by one of its two budgets takes nothing from the other');
rollback to start;

-- Caps that change; months that turn.
insert into tollhouse_private.monthly_budgets values ('acme', '', '2030-01-01', 1000, 0, 600);
update tollhouse_private.monthly_budgets set cap_micro_usd = 500;
select is(pg_temp.blocked('2030-01-15Z', pg_temp.route(1, 1)), '{1}', 'a cap below what is spent stops everything');
update tollhouse_private.monthly_budgets set cap_micro_usd = 0, spent_micro_usd = 0;
select is(pg_temp.blocked('2030-01-15Z', pg_temp.route(1, 1)), '{1}', 'a cap of zero allows nothing that costs');
select pg_temp.cap('', 1000);
select is(pg_temp.blocked('2030-02-01Z', pg_temp.route(1, 1000)), '{}', 'a new month begins with the whole cap');
select is(array[pg_temp.reserved('', '2030-01-01'), pg_temp.reserved('', '2030-02-01')], array[0, 1000]::bigint[], 'which pays for its own calls');
update tollhouse_private.budget_caps set cap_micro_usd = 5000;
select is(pg_temp.blocked('2030-02-01Z', pg_temp.route(2, 1)), '{2}', 'a month that has begun keeps its cap until it is set');

select is((select count(*) from tollhouse_private.guard_budget('{}', '2030-03-01Z')) + (select count(*) from tollhouse_private.monthly_budgets where month = '2030-03-01'), 0::bigint,
  'an empty batch makes no budget');

select * from finish();
rollback;
