begin;
select plan(39);

do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test');
  perform tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test');
  perform tollhouse_ops.set_price('small', 'input', 1000000, 'test'), tollhouse_ops.set_price('small', 'output', 2000000, 'test');
  perform tollhouse_ops.set_task_type(tt.endpoint, 'test', array['small']) from tollhouse_private.task_types as tt;
  perform tollhouse_worker.register('00000000-0000-0000-0000-000000000001', 'test', 100, 'test');
end
$$;
select tollhouse.set_identity('acme', 'ann');

-- A call id is as old as its millisecond: what is asked after this is younger than what was asked before.
create function pg_temp.tick()
  returns void
  language plpgsql
as $$
declare
  v_now timestamptz := date_trunc('milliseconds', clock_timestamp());
begin
  while date_trunc('milliseconds', clock_timestamp()) = v_now loop
    null;
  end loop;
end
$$;
create function pg_temp.why(p_request_id text default 'r1')
  returns text
  language sql
as $$
  select e.why from tollhouse.explain('route', p_request_id) as e
$$;
create function pg_temp.record(p_outcome text, p_error_code text default null, p_error_message text default null)
  returns void
  language sql
as $$
  select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
    select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', p_outcome,
      'error_code', p_error_code, 'error_message', p_error_message,
      'input_tokens', 5, 'output_tokens', 7, 'response', '{"content": "because", "finish_reason": "stop"}'::jsonb))
    from tollhouse_private.jobs as j where j.state = 'running'))
$$;
create function pg_temp.claimed()
  returns bigint
  language sql
as $$
  select count(*) from tollhouse_worker.claim('00000000-0000-0000-0000-000000000001', 100)
$$;
savepoint start;

-- Not found.
select results_eq($$select status, why, call_id from tollhouse.explain('route', 'nothing')$$,
  $$values ('unknown', 'You have no call with this request id at this endpoint.', null::uuid)$$, 'a call that does not exist is unknown, in one row');
select is((select what_to_do from tollhouse.explain('route', 'nothing')), 'Check both, and whether the transaction that enqueued it was committed.', 'with what to check');
select set_config('tollhouse.user_id', '', true);
select is((select what_to_do from tollhouse.explain('route', 'nothing')), 'Say who you are first: select tollhouse.set_identity(''tenant'', ''user'').', 'or whom to say one is');
rollback to start;

-- Waiting.
select tollhouse.enqueue('route', '{"prompt": "a"}', 'r0');
select pg_temp.tick();
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
savepoint queued;
select results_eq($$select status, why, what_to_do, next_try_at, queue_position, attempts, last_error from tollhouse.explain('route', 'r1')$$,
  $$values ('queued', 'It is in line for the next free worker.', 'Nothing: it goes on by itself.', null::timestamptz, 2::bigint, 0, null::text)$$,
  'a queued call is in line, at its place');
select tollhouse.set_identity('acme', 'bob');
select is((select status from tollhouse.explain('route', 'r1')), 'unknown', 'another user''s call is unknown');
rollback to queued;
select tollhouse_worker.deregister('00000000-0000-0000-0000-000000000001');
select is(pg_temp.why(), 'No worker is alive.', 'when no worker is alive it says so');
rollback to queued;
select tollhouse_ops.pull_kill_switch('user', 'ann', 'test', 'acme');
select is(pg_temp.why(), 'A kill switch matches it; the next claim will refuse it.', 'a switch that will refuse it is named');
rollback to queued;
select tollhouse_ops.set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'test');
select is(pg_temp.why(), 'The tenant or the user is shut off; the next claim will refuse it.', 'so is a shutoff');
rollback to queued;
select tollhouse_ops.open_breaker('mock', 'test', 'acme', 'ann');
select is(pg_temp.why(), 'A circuit breaker is open; the call is refused unless another provider serves it.', 'and an open breaker');
rollback to queued;
select pg_temp.claimed();
select matches(pg_temp.why(), '^Attempt 1 is under way at small since 20[-0-9]+ [0-9:]+\S*\.$', 'a running call is under way, and it says where and since when');
select results_eq($$select status, queue_position, attempts from tollhouse.explain('route', 'r1')$$, $$values ('running', null::bigint, 1)$$, 'with its attempt');
select tollhouse.cancel((select call_id from tollhouse.explain('route', 'r1')));
select matches(pg_temp.why(), 'It is being cancelled\.$', 'a cancel that is under way is told');
rollback to queued;
select pg_temp.claimed();
select pg_temp.record('server_error', 'http_500', 'oops');
select matches(pg_temp.why(), '^Attempt 1 failed \(http_500\); the next one is due at 20.*\.$', 'after a failed attempt it says when the next one is due');
select results_eq($$select status, next_try_at > clock_timestamp(), attempts, last_error from tollhouse.explain('route', 'r1')$$, $$values ('scheduled', true, 1, 'http_500: oops')$$, 'and what went wrong');
rollback to queued;
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r2', p_run_at => '2100-01-01Z');
select matches(pg_temp.why('r2'), '^It was asked to run at 2100-01-01', 'a scheduled call waits for its time');
select is((select next_try_at from tollhouse.explain('route', 'r2')), '2100-01-01Z'::timestamptz, 'which is named');
rollback to queued;
select tollhouse_ops.set_rate_limit('tenant', 'acme', 1, null, null, 'test');
select pg_temp.claimed();
select matches(pg_temp.why(), '^Over a rate limit; it is tried again at 20', 'a deferred call is over a rate limit');
rollback to start;
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r0');
select pg_temp.tick();
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
savepoint queued;
select pg_temp.claimed();
select results_eq($$select status, why from tollhouse.explain('route', 'r1')$$,
  $$values ('queued', 'The same request is in flight already; this call waits for its answer instead of paying twice.')$$, 'a coalesced call waits for another''s answer');

-- Over.
select pg_temp.record('success');
select pg_temp.claimed();
select results_eq($$select status, why, what_to_do, attempts, since is not null from tollhouse.explain('route', 'r0')$$,
  $$values ('success', 'Answered by small after 1 attempt(s).', 'Nothing: it is over.', 1, true)$$, 'a success says who answered');
select results_eq($$select status, why, attempts from tollhouse.explain('route', 'r1')$$, $$values ('success', 'Answered from the cache, free of charge.', 0)$$, 'or that the cache did');
rollback to start;
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
savepoint queued;
select pg_temp.claimed();
select pg_temp.record('rejected', 'invalid_request', 'no such thing');
select results_eq($$select status, why, what_to_do, last_error from tollhouse.explain('route', 'r1')$$,
  $$values ('failed', 'It failed for good after 1 attempt(s).', 'Read last_error; to try again, enqueue under a new request id.', 'invalid_request: no such thing')$$,
  'a failure says what went wrong');
rollback to queued;
select pg_temp.claimed();
select pg_temp.record('aborted');
select is(pg_temp.why(), 'A kill switch was pulled while the call was in flight; it was aborted and may have been billed.', 'a call aborted in flight may have been billed');
rollback to queued;
select tollhouse.cancel((select call_id from tollhouse.explain('route', 'r1')));
select results_eq($$select status, why from tollhouse.explain('route', 'r1')$$, $$values ('cancelled', 'It was cancelled.')$$, 'a cancelled call was cancelled');
rollback to queued;
select tollhouse_ops.stop_everything('test');
select pg_temp.claimed();
select is(pg_temp.why(), 'An operator had stopped calls like this one with a kill switch.', 'a blocked call says which guard it was');
select is((select what_to_do from tollhouse.explain('route', 'r1')), 'See tollhouse.kill_switches; once it is lifted, enqueue again under a new request id.', 'and what to do');
rollback to start;

-- Every reason has its sentences.
create temporary table reasons on commit drop as
select unnest(array['provider_kill_switch', 'hourly_shutoff', 'breaker_open', 'monthly_cap_exceeded', 'price_unknown', 'max_cost_exceeded', 'no_model']) as reason;
select ok(r.why is not null and r.what_to_do is not null, format('%s is explained', reasons.reason)) from reasons cross join lateral tollhouse_private.explain_refusal(reasons.reason) as r;
select is((select count(distinct r.why) from reasons cross join lateral tollhouse_private.explain_refusal(reasons.reason) as r), 7::bigint, 'each by a sentence of its own');

-- It changes nothing, and it is one row in every state.
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1');
select is((select count(*) from generate_series(1, 3) cross join lateral tollhouse.explain('route', 'r1')), 3::bigint, 'one row a question');
select volatility_is('tollhouse', 'explain', array['text', 'text'], 'stable', 'asking changes nothing');
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
