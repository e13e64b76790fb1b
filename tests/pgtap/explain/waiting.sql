begin;
select plan(48);
\ir explained.psql

-- explain_obstacle
create function pg_temp.said(p_request_id text default 'r1')
  returns text
  language sql
as $$
  select concat_ws(' | ', o.why, o.what_to_do)
  from tollhouse_private.jobs as j
  cross join lateral tollhouse_private.explain_obstacle(j, clock_timestamp()) as o
  where j.request_id = p_request_id
$$;
-- And whether it is true.
create function pg_temp.refused_for()
  returns text
  language plpgsql
as $$
begin
  perform pg_temp.claimed();
  return (select c.blocked_reason from tollhouse_private.llm_api_calls as c where c.request_id = 'r1');
end
$$;
select tollhouse.enqueue('route', '{"prompt": "b", "max_tokens": 100}', 'r1');
savepoint asked;

select is(pg_temp.said(), '', 'when nothing is in the way of a call nothing is said');
select tollhouse_ops.set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'test'), tollhouse_ops.set_shutoff('acme', 'ann', clock_timestamp() + interval '10 minutes', 'test');
select matches(pg_temp.said(), format('^The tenant is shut off until %s', date_trunc('second', now() + interval '1 hour')::date), 'of two shutoffs the longer one is named, with its end');
rollback to asked;
select tollhouse_ops.set_shutoff('acme', 'ann', clock_timestamp() + interval '10 minutes', 'test'), tollhouse_ops.set_shutoff('acme', 'bob', clock_timestamp() + interval '1 hour', 'test');
select matches(pg_temp.said(), '^The user is shut off until 20.*; the next claim will refuse it\. \| Enqueue it again after that', 'a user''s own too, and never another user''s');
rollback to asked;
select tollhouse_ops.open_breaker('mock', 'test', p_cooldown => '1 hour');
select matches(pg_temp.said(), '^The circuit breaker of mock is open until 20.*; the next claim will refuse it\.', 'a provider''s own breaker is named with its end, which no view of a client shows');
select is(pg_temp.refused_for(), 'breaker_open', 'and so it is');
rollback to asked;
update tollhouse_private.jobs set attempts = 0;
insert into tollhouse_private.breakers (tenant_id, user_id, provider, state, open_until, probe_call_id)
values ('acme', 'ann', 'mock', 'half_open', clock_timestamp() - interval '1 second', gen_random_uuid());
select matches(pg_temp.said(), '^The circuit breaker of mock is half-open', 'a breaker whose probe is out has no end to name');
rollback to asked;
select tollhouse_ops.set_monthly_cap('acme', '', 0, 'test');
select matches(pg_temp.said(), '^It could cost 0\.000234 USD, more than is left of the tenant''s monthly cap; the next claim will refuse it\. \| Lower max_completion_tokens', 'a cap that is used up is named');
select is(pg_temp.refused_for(), 'monthly_cap_exceeded', 'and so it is');
rollback to asked;
select tollhouse_ops.set_monthly_cap('acme', 'ann', 233, 'test'), tollhouse_ops.set_monthly_cap('acme', 'bob', 0, 'test');
select matches(pg_temp.said(), '^It could cost 0\.000234 USD, more than is left of the user''s monthly cap', 'a user''s own too, to the micro-USD');
select tollhouse_ops.set_monthly_cap('acme', 'ann', 234, 'test');
select is(pg_temp.said(), '', 'what just fits is not in the way, nor is another user''s cap');
rollback to asked;
update tollhouse_private.jobs set max_cost_micro_usd = 1;
select matches(pg_temp.said(), '^It could cost 0\.000234 USD, more than its max_cost_micro_usd', 'a limit of its own is named');
rollback to asked;
select tollhouse_ops.set_task_type('route', 'test', '{}');
select matches(pg_temp.said(), '^The endpoint has no model that can serve it; the next claim will refuse it\. \| Ask an operator', 'an endpoint that lost its models is named');
select is(pg_temp.refused_for(), 'no_model', 'and so it is');
rollback to asked;
select tollhouse_ops.set_model('free', 'mock', 'mock-free', 'test');
select tollhouse_ops.set_task_type('route', 'test', array['free']);
select matches(pg_temp.said(), '^Model free has no price; the next claim will refuse it\. \| Ask an operator to set the price', 'a model without a price is named');
savepoint unpriced;
select tollhouse_ops.set_task_type('route', 'test', array['free', 'small']);
select is(pg_temp.said(), '', 'unless another one serves it');
rollback to unpriced;
select is(pg_temp.refused_for(), 'price_unknown', 'and so it is');
rollback to start;

-- explain_waiting
select tollhouse.enqueue('route', '{"prompt": "a"}', 'r0');
select pg_temp.tick();
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
savepoint queued;
select tollhouse_worker.deregister('00000000-0000-0000-0000-000000000001');
select is(pg_temp.why(), 'No worker is alive.', 'when no worker is alive it says so');
rollback to queued;
select tollhouse_ops.pull_kill_switch('user', 'ann', 'test', 'acme');
select is(pg_temp.why(), 'It is stopped by a kill switch on user ann (test); the next claim will refuse it.', 'a switch that will refuse it is named');
rollback to queued;
select tollhouse_ops.set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'test');
select matches(pg_temp.why(), '^The tenant is shut off until 20.*; the next claim will refuse it\.$', 'so is a shutoff');
rollback to queued;
select tollhouse_ops.open_breaker('mock', 'test', 'acme', 'ann');
select matches(pg_temp.why(), '^The circuit breaker of mock is open until 20.*; the next claim will refuse it\.$', 'and an open breaker');
rollback to queued;
select pg_temp.claimed();
select matches(pg_temp.why(), '^Attempt 1 has been in flight to small since 20[-0-9]+ [0-9:]+\S*\.$', 'a running call is under way, and it says where and since when');
select results_eq($$select status, queue_position, attempts from tollhouse.explain('route', 'r1')$$, $$values ('running', null::bigint, 1)$$, 'with its attempt');
select tollhouse.cancel((select call_id from tollhouse.explain('route', 'r1')));
select matches(pg_temp.why(), 'It is being cancelled\.$', 'a cancel that is under way is told');
rollback to queued;
select pg_temp.claimed();
select pg_temp.record('server_error', 'http_500', 'oops');
select matches(pg_temp.why(), '^Attempt 1 failed \(http_500\); the next one is due at 20.*\.$', 'after a failed attempt it says when the next one is due');
select results_eq($$select status, next_try_at > clock_timestamp(), attempts, last_error from tollhouse.explain('route', 'r1')$$, $$values ('scheduled', true, 1, 'http_500: oops')$$, 'and what went wrong');
rollback to queued;
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r2', p_run_at => date_trunc('day', now()) + interval '300 days');
select matches(pg_temp.why('r2'), to_char(date_trunc('day', now()) + interval '300 days', '"^It is scheduled to run at "YYYY-MM-DD'), 'a scheduled call waits for its time');
select tollhouse_worker.deregister('00000000-0000-0000-0000-000000000001');
select matches(pg_temp.why('r2'), '^It is scheduled to run at', 'whether or not a worker is alive already');
select is((select next_try_at from tollhouse.explain('route', 'r2')), date_trunc('day', now()) + interval '300 days', 'which is named');
rollback to queued;
select tollhouse_ops.set_rate_limit('tenant', 'acme', 1, null, null, 'test');
select pg_temp.claimed();
select matches(pg_temp.why(), '^Over the rate limit of tenant acme; it will be retried at 20', 'a deferred call is over a rate limit, and it says over which');
rollback to queued;
select tollhouse_ops.set_monthly_cap('acme', '', 1053, 'test');
select pg_temp.claimed();
select matches(pg_temp.why(), '^It is waiting for calls in flight to settle: it could cost 0\.000527 USD, which does not fit beside their reservations under the monthly cap of the tenant, or other calls are ahead of it\.$',
  'a call that waits for its tenant''s cap says so, without the tenant''s numbers');
select is((select next_try_at from tollhouse.explain('route', 'r1')), null, 'and that no time is set for it');
select matches((select why from tollhouse_ops.explain('acme', 'route', 'r1')), ' under the monthly cap of the tenant \(0\.000527 USD of 0\.001053 reserved, 0 spent\), ', 'an operator is told the numbers');
rollback to queued;
select tollhouse_ops.set_monthly_cap('acme', '', 10000, 'test'), tollhouse_ops.set_monthly_cap('acme', 'ann', 1053, 'test');
select pg_temp.claimed();
select matches(pg_temp.why(), ' under the monthly cap of the user \(0\.000527 USD of 0\.001053 reserved, 0 spent\), ', 'and a user those of their own cap');
rollback to start;
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r0');
select pg_temp.tick();
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
savepoint queued;
select pg_temp.claimed();
select results_eq($$select status, why from tollhouse.explain('route', 'r1')$$,
  $$values ('queued', 'An identical request is already in flight; this call is waiting for its answer instead of paying twice.')$$, 'a coalesced call waits for another''s answer');
rollback to start;

select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
-- Due, but nothing moves: the time that has gone by is no reason.
create function pg_temp.why_overdue(p_waits_for text)
  returns text
  language plpgsql
as $$
begin
  update tollhouse_private.jobs set state = 'scheduled', waits_for = p_waits_for, run_at = now() - interval '1 hour', attempts = 1, error_code = 'http_500';
  return pg_temp.why();
end
$$;
savepoint due;
select is(pg_temp.why_overdue('run_at'), 'It is waiting for a free worker.', 'what is due is in line');
select is(pg_temp.why_overdue('rate_limit'), 'It is waiting for a free worker.', 'also after a rate limit');
select is(pg_temp.why_overdue('backoff'), 'Attempt 1 failed (http_500). It is waiting for a free worker.', 'and after a failed attempt, which is told');
select tollhouse_ops.stop_everything('test');
select is(pg_temp.why_overdue('run_at'), 'It is stopped by a kill switch on everything (test); the next claim will refuse it.', 'if nothing is in its way');
select tollhouse_worker.deregister('00000000-0000-0000-0000-000000000001');
select is(pg_temp.why_overdue('run_at'), 'No worker is alive.', 'and if there is a worker');
select is(pg_temp.why_overdue('rate_limit'), 'No worker is alive.', 'whatever it waited for');
select results_eq($$select pg_temp.why_overdue('backoff'), e.what_to_do from tollhouse.explain('route', 'r1') as e$$, $$values ('Attempt 1 failed (http_500). No worker is alive.', 'Ask an operator to start one (tollhouse worker).')$$, 'it says so, and whom to ask');
rollback to due;
-- A worker that died says nothing any more.
select pg_temp.claimed();
update tollhouse_private.workers set alive_until = now() - interval '1 second';
select is(pg_temp.why(), 'Attempt 1 was in flight to small when its worker died, and no other worker is alive.', 'an attempt whose worker died is not under way');
select tollhouse_worker.register('00000000-0000-0000-0000-000000000002', 'two', 5, '1.0');
select is(pg_temp.why(), 'Attempt 1 was in flight to small when its worker died; another worker will settle it within seconds.', 'another worker settles it');
rollback to due;
update tollhouse_private.jobs set state = 'coalesced';
update tollhouse_private.workers set alive_until = now() - interval '1 second';
select is(pg_temp.why(), 'No worker is alive.', 'nor does a call get an answer from one that is in flight with nobody');
rollback to due;

create temporary table states on commit drop as select s as state from unnest(array['queued', 'coalesced', 'scheduled', 'running']) as s;
create function pg_temp.why_in(p_state text)
  returns text
  language plpgsql
as $$
begin
  update tollhouse_private.jobs set state = p_state, worker_id = case p_state when 'running' then gen_random_uuid() end,
    started_at = case p_state when 'running' then now() end, model = 'small';
  return pg_temp.why();
end
$$;
select ok(pg_temp.why_in(states.state) is not null, format('a call that is %s has a reason', states.state)) from states;

select * from finish();
rollback;
