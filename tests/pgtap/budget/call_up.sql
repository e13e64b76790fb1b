begin;
select plan(24);

create function pg_temp.in_line(p_number integer, p_need bigint, p_user_id text default 'ann', p_state text default 'scheduled')
  returns void
  language sql
as $$
  insert into tollhouse_private.jobs (tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes,
    max_output_tokens, state, run_at, waits_for, need_micro_usd, request)
  values ('acme', lpad(p_number::text, 32, '0')::uuid, p_user_id, 'route', p_number::text, now(), '', 1, 1, p_state, '2030-02-01Z', 'budget', p_need, '{}')
$$;
create function pg_temp.queued()
  returns integer[]
  language sql
as $$
  select coalesce(array_agg(j.request_id::integer order by j.call_id), '{}') from tollhouse_private.jobs as j where j.state = 'queued'
$$;
create function pg_temp.call_up(p_users text[] default '{}')
  returns integer[]
  language plpgsql
as $$
begin
  perform tollhouse_private.call_up_budget('acme', p_users, '2030-01-15Z');
  return pg_temp.queued();
end
$$;
create function pg_temp.budget(p_user_id text, p_cap bigint, p_reserved bigint, p_spent bigint, p_line boolean default true, p_last text default null)
  returns void
  language sql
as $$
  insert into tollhouse_private.monthly_budgets
  values ('acme', p_user_id, '2030-01-01', p_cap, p_reserved, p_spent, case when p_line then '2030-01-14Z'::timestamptz end, p_last)
$$;
savepoint start;

-- One user, in line.
select pg_temp.budget('', 1000, 500, 0), pg_temp.budget('ann', null, 500, 0);
select pg_temp.in_line(1, 300), pg_temp.in_line(2, 300), pg_temp.in_line(3, 100);
select is(pg_temp.call_up(), array[1], 'what fits is called up, and nothing smaller passes the first that does not');
select is((select run_at from tollhouse_private.jobs where state = 'queued'), '2030-01-15Z', 'it is due now');
select is(pg_temp.call_up(), array[1], 'what is called up and not claimed yet holds its room');
select is((select line_at from tollhouse_private.monthly_budgets where user_id = ''), '2030-01-15Z', 'the line was looked at');
update tollhouse_private.monthly_budgets set reserved_micro_usd = 0;
select is(pg_temp.call_up(), array[1, 2, 3], 'room for all calls up all');
delete from tollhouse_private.jobs;
select is(pg_temp.call_up(), '{}', 'an empty line calls nobody');
select is((select line_at from tollhouse_private.monthly_budgets where user_id = ''), null, 'and is none any more');
rollback to start;

-- What can never fit.
select pg_temp.budget('', 1000, 500, 500), pg_temp.budget('ann', null, 500, 500);
select pg_temp.in_line(1, 501), pg_temp.in_line(2, 500);
select is(pg_temp.call_up(), array[1], 'what can never fit is called up too, to be refused, and holds up nobody');
rollback to start;

-- Users take turns.
select pg_temp.budget('', 1000, 800, 0), pg_temp.budget('ann', null, 0, 0), pg_temp.budget('bob', null, 0, 0), pg_temp.budget('cyd', null, 0, 0);
select pg_temp.in_line(1, 100), pg_temp.in_line(2, 100), pg_temp.in_line(3, 100, 'bob'), pg_temp.in_line(4, 100, 'cyd');
select is(pg_temp.call_up(), array[1, 3], 'users take turns under their tenant''s cap');
delete from tollhouse_private.jobs where state = 'queued';
select is(pg_temp.call_up(), array[2, 4], 'the next turn begins after the user who was called up last');
select is((select line_user_id from tollhouse_private.monthly_budgets where user_id = ''), 'ann', 'and that is remembered');
rollback to start;
select pg_temp.budget('', 1000, 700, 0, p_last => 'ann'), pg_temp.budget('ann', null, 0, 0), pg_temp.budget('bob', null, 0, 0);
select pg_temp.in_line(1, 1), pg_temp.in_line(2, 400, 'bob');
select is(pg_temp.call_up(), '{}', 'a large call whose turn it is keeps the small ones of others waiting');
update tollhouse_private.monthly_budgets set reserved_micro_usd = 600;
select is(pg_temp.call_up(), array[2], 'until it fits');
rollback to start;

-- A user's own cap.
select pg_temp.budget('', 1000, 0, 0), pg_temp.budget('ann', 100, 100, 0), pg_temp.budget('bob', null, 0, 0);
select pg_temp.in_line(1, 1), pg_temp.in_line(2, 1, 'bob');
select is(pg_temp.call_up(), array[2], 'a call that its user''s cap holds back holds up nobody else');
rollback to start;
select pg_temp.budget('', 1000, 0, 0, false), pg_temp.budget('ann', 100, 0, 0), pg_temp.budget('bob', 100, 0, 0);
select pg_temp.in_line(1, 60), pg_temp.in_line(2, 60), pg_temp.in_line(3, 60, 'bob');
select is(pg_temp.call_up('{ann}'), array[1], 'where the tenant''s cap holds nobody, only the users whose calls ended are looked after');
select is((select line_at from tollhouse_private.monthly_budgets where user_id = ''), null, 'and the tenant has no line');
update tollhouse_private.monthly_budgets set reserved_micro_usd = 970 where user_id = '';
select pg_temp.call_up('{bob}');
select is((select line_at from tollhouse_private.monthly_budgets where user_id = ''), '2030-01-15Z', 'until its cap holds one of them');
rollback to start;

-- Bounded work.
select pg_temp.budget('', null, 0, 0), pg_temp.budget('ann', null, 0, 0);
select pg_temp.in_line(n, 1) from generate_series(1, 250) as n;
select is(cardinality(pg_temp.call_up()), 100, 'a hundred are called up at a time');
select is(cardinality(pg_temp.call_up()), 100, 'and no more before they are claimed');
rollback to start;

-- Lines that nobody looks after.
select pg_temp.budget('', 1000, 0, 0), pg_temp.budget('ann', null, 0, 0), pg_temp.budget('bob', null, 0, 0);
insert into tollhouse_private.monthly_budgets values ('acme', '', '2029-12-01', 1, 1, 0, '2029-12-31Z');
select pg_temp.in_line(1, 1);
savepoint left_alone;
update tollhouse_private.monthly_budgets set line_at = '2030-01-14 23:59:56Z';
select tollhouse_private.look_after_budget_lines('2030-01-15Z');
select is(pg_temp.queued(), '{}', 'a line that was looked at within five seconds is left alone');
rollback to left_alone;
select tollhouse_private.look_after_budget_lines('2030-01-15Z');
select is(pg_temp.queued(), array[1], 'any other one is looked after');
select results_eq('select month, user_id from tollhouse_private.monthly_budgets where line_at is not null order by 2', $$values (date '2030-01-01', ''), ('2030-01-01', 'ann')$$,
  'what nobody waits for, or is over, is no line');
rollback to start;
select lives_ok($$select tollhouse_private.call_up_budget('nobody', '{}', '2030-01-15Z')$$, 'a tenant without a budget has none');
select pg_temp.budget('', 1000, 0, 0);
select pg_temp.in_line(1, 1);
select is(pg_temp.call_up(), '{}', 'a call whose user''s budget is missing is not called up in vain');

select * from finish();
rollback;
