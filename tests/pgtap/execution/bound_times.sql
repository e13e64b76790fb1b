begin;
select plan(14);

\ir scene.psql
-- As the clock goes back: what is written lies in the future.
create function pg_temp.bound() returns void language sql as $$ select tollhouse_private.bound_times(now()) $$;

select pg_temp.ask('r1');
select pg_temp.claimed(1);
update tollhouse_private.workers set alive_until = now() + interval '1 hour';
select tollhouse_worker.reap();
select is((select alive_until from tollhouse_private.workers) <= clock_timestamp() + (select lease from tollhouse_private.settings), true, 'a lease is cut to what a lease can be');
update tollhouse_private.workers set alive_until = alive_until - (select lease from tollhouse_private.settings);
select is(tollhouse_worker.reap(), 1, 'so that a dead worker''s calls are settled when it is over');

update tollhouse_private.jobs set state = 'scheduled', waits_for = 'rate_limit', line = 'provider mock', run_at = now() + interval '1 hour';
select pg_temp.bound();
select is((select run_at from tollhouse_private.jobs), now() + interval '1 minute', 'no limit defers for longer than a minute');
update tollhouse_private.jobs set waits_for = 'backoff', line = null, run_at = now() + interval '2 hours';
select pg_temp.bound();
select is((select run_at from tollhouse_private.jobs), now() + interval '1 hour', 'no provider for longer than an hour');
update tollhouse_private.jobs set waits_for = 'run_at', run_at = now() + interval '2 hours';
select pg_temp.bound();
select is((select run_at from tollhouse_private.jobs), now() + interval '2 hours', 'but its caller may for as long as they like');
update tollhouse_private.jobs set waits_for = 'budget';
update tollhouse_private.monthly_budgets set line_at = now() + interval '1 hour';
select pg_temp.bound();
select is((select run_at from tollhouse_private.jobs), now() + interval '2 hours', 'a call in line for a budget has no time of its own');
select is((select max(line_at) from tollhouse_private.monthly_budgets), now(), 'its line is looked after again');

insert into tollhouse_private.rate_limits (scope, target, requests_per_minute, refilled_at)
values ('provider', 'mock', 60, now() + interval '1 hour'), ('model', 'small', 60, now() + interval '1 minute');
select pg_temp.bound();
select results_eq('select refilled_at from tollhouse_private.rate_limits order by scope', $$values (now() + interval '1 minute'), (now())$$, 'a bucket refills from now on');

insert into tollhouse_private.provider_windows (provider, worker_id, tenant_id, window_start, calls, failures, failing_users)
values ('mock', gen_random_uuid(), 'acme', now() + interval '1 hour', 1, 0, '{}'), ('mock', gen_random_uuid(), 'globex', now(), 1, 0, '{}');
select pg_temp.bound();
select results_eq('select tenant_id from tollhouse_private.provider_windows', $$values ('globex')$$, 'a window does not last an hour');

insert into tollhouse_private.breakers (tenant_id, user_id, provider, state, opened_at, open_until, reason) values
  ('a', 'long-failing', 'mock', 'open', now() - interval '1 hour', now() + interval '1 hour', null),
  ('b', 'by-hand', 'mock', 'open', now() + interval '1 hour', now() + interval '3 hours', 'maintenance'),
  ('c', 'by-hand before', 'mock', 'open', now() - interval '1 hour', now() + interval '3 hours', 'maintenance'),
  ('d', 'just now', 'mock', 'open', now(), now() + interval '30 seconds', null);
insert into tollhouse_private.provider_breakers (provider, state, opened_at, open_until, reason)
values ('mock', 'open', now() - interval '1 hour', now() + interval '1 hour', '5 of 9 calls failed');
update tollhouse_private.providers set cooldown = '30 seconds';
select pg_temp.bound();
select results_eq('select tenant_id, opened_at - now(), open_until - now() from tollhouse_private.breakers order by 1', $$values
  ('a', interval '-1 hour', interval '30 seconds'), ('b', '0', '2 hours'), ('c', '-1 hour', '3 hours'), ('d', '0', '30 seconds')$$,
  'a breaker is open for its cool-down, or for the time that an operator gave it');
select is((select open_until - now() from tollhouse_private.provider_breakers), interval '30 seconds', 'a provider''s too');
update tollhouse_private.provider_breakers set reason = 'maintenance', opened_at = now() + interval '1 hour', open_until = now() + interval '2 hours';
select pg_temp.bound();
select is((select open_until - now() from tollhouse_private.provider_breakers), interval '1 hour', 'and so opened by hand');

-- A clock that stands right.
select tollhouse_worker.register('00000000-0000-0000-0000-000000000002', 'two', 5, '1.0');
create temporary table before as
select (select jsonb_agg(w) from tollhouse_private.workers as w) as w, (select jsonb_agg(b order by b) from tollhouse_private.breakers as b) as b;
select tollhouse_private.bound_times(clock_timestamp());
select results_eq('table before', 'select (select jsonb_agg(w) from tollhouse_private.workers as w), (select jsonb_agg(b order by b) from tollhouse_private.breakers as b)', 'what can be is left alone');
select isnt_empty('select from tollhouse_private.workers', 'a live worker first of all');

select * from finish();
rollback;
