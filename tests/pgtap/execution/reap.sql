begin;
select plan(30);

savepoint bound_times;
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
rollback to bound_times;

savepoint reap;
\ir scene.psql
create function pg_temp.lease_ends()
  returns void
  language sql
as $$
  update tollhouse_private.workers set alive_until = now() - interval '1 microsecond'
$$;
savepoint start;

-- Reap.
select pg_temp.ask('r' || i) from generate_series(1, 3) as i;
select pg_temp.claimed(2);
select is(tollhouse_worker.reap(), 0, 'the calls of a live worker are its own');
select pg_temp.lease_ends();
savepoint dead;
select is(tollhouse_worker.reap(), 2, 'the calls of a dead one are taken from it');
select is((select count(*) from tollhouse_private.workers), 0::bigint, 'and it is buried');
select results_eq('select request_id, state, attempts from tollhouse_private.jobs order by 1', $$values ('r1', 'scheduled', 1), ('r2', 'scheduled', 1), ('r3', 'queued', 0)$$, 'they wait for their next attempt');
select results_eq('select outcome, error_code, error_message, cost_basis, sent from tollhouse_private.provider_attempts limit 1',
  $$values ('abandoned', 'abandoned', 'worker 00000000-0000-0000-0000-000000000001 held it and died', 'reservation', true)$$, 'the attempt is on record as abandoned');
select is((select reserved_micro_usd from tollhouse_private.monthly_budgets where user_id = ''), 0::bigint, 'nothing of it stays reserved');
select is((select spent_micro_usd from tollhouse_private.monthly_budgets where user_id = ''), (select sum(cost_micro_usd)::bigint from tollhouse_private.provider_attempts), 'it is charged: never under-count');
select is(tollhouse_worker.reap(), 0, 'once');
rollback to dead;
update tollhouse_private.task_types set retries_abandoned = false;
select tollhouse_worker.reap();
select results_eq('select request_id, status, error_code, provider_attempted from tollhouse_private.llm_api_calls order by 1', $$values ('r1', 'failed', 'abandoned', true), ('r2', 'failed', 'abandoned', true)$$,
  'where an endpoint wants no second attempt they fail, and say so');
rollback to dead;
select tollhouse_worker.register('00000000-0000-0000-0000-000000000002', 'two', 5, '1.0');
select tollhouse_worker.reap();
select is((select count(*) from tollhouse_private.workers), 1::bigint, 'a live worker is not buried with a dead one');
rollback to dead;
-- A probe whose worker died frees its slot.
insert into tollhouse_private.breakers (tenant_id, user_id, provider, state, opened_at, open_until, probe_call_id)
select 'acme', 'ann', 'mock', 'half_open', now(), now(), call_id from tollhouse_private.jobs where request_id = 'r1';
select tollhouse_worker.reap();
select is((select state from tollhouse_private.breakers), 'open', 'a probe whose worker died says nothing of the provider');
select ok((select tollhouse_private.guard_breaker(state, open_until, clock_timestamp()) = 'probe' from tollhouse_private.breakers), 'and the next call may probe');
rollback to dead;
insert into tollhouse_private.provider_windows (provider, worker_id, tenant_id, window_start, calls, failures, failing_users)
values ('mock', gen_random_uuid(), 'acme', now() - interval '61 seconds', 1, 0, '{}'), ('mock', gen_random_uuid(), 'globex', now(), 1, 0, '{}');
select tollhouse_worker.reap();
select results_eq('select tenant_id from tollhouse_private.provider_windows', $$values ('globex')$$, 'what a provider''s window no longer holds is forgotten');
rollback to start;
-- Very many, each with much to say.
select pg_temp.ask('r1');
select pg_temp.claimed(1);
insert into tollhouse_private.jobs
select (jsonb_populate_record(j, jsonb_build_object('call_id', gen_random_uuid(), 'request_id', 'more' || n, 'reserved_micro_usd', 0))).*
from tollhouse_private.jobs as j cross join generate_series(1, 200) as n;
select pg_temp.lease_ends();
select is(tollhouse_worker.reap(), 200, 'two hundred are taken at a time');
select is(tollhouse_worker.reap(), 1, 'and the rest after them');
select is((select count(*) from tollhouse_private.jobs where request is null or request = 'null'), 0::bigint, 'each keeps its request');

select * from finish();
rollback;
