begin;
select plan(27);

\ir ../execution/scene.psql
savepoint start;

-- What a worker gets.
select pg_temp.ask('r1', 'investigation', '{"messages": [{"role": "user", "content": "why?"}], "max_tokens": 99, "temperature": 0.5}');
savepoint queued;
select results_eq(
  $$select call_id, attempt, tenant_id, endpoint, provider, model, request, max_output_tokens, timeout_ms from tollhouse_worker.claim('00000000-0000-0000-0000-000000000001', 10)$$,
  $$select call_id, 1, 'acme', 'investigation', 'mock', 'mock-small', '{"messages": [{"role": "user", "content": "why?"}], "max_tokens": 99, "temperature": 0.5}'::jsonb, 99, 180000 from tollhouse_private.jobs$$,
  'a claimed call comes with all that sending it needs, and the provider''s own name of the model');
select is(pg_temp.claimed(), 0::bigint, 'nobody gets it a second time');
rollback to queued;

-- How many.
select pg_temp.ask('r' || i) from generate_series(2, 9) as i;
select is(pg_temp.claimed(4), 4::bigint, 'a claim takes no more than it is asked for');
select is(pg_temp.claimed(0), 0::bigint, 'none when none is asked for');
select is(pg_temp.claimed(-5), 0::bigint, 'or fewer');
select is(pg_temp.claimed(null), 0::bigint, 'or null');
select is(pg_temp.claimed(100), 5::bigint, 'and no more than there are');
rollback to queued;
select pg_temp.ask('r' || i) from generate_series(2, 9) as i;
select set_eq(
  $$select call_id from tollhouse_worker.claim('00000000-0000-0000-0000-000000000001', 3)$$,
  $$select call_id from tollhouse_private.jobs order by call_id limit 3$$, 'the oldest go first');
rollback to start;

-- Whose.
create function pg_temp.ask_many(p_tenant_id text, p_count integer)
  returns void
  language plpgsql
as $$
begin
  perform tollhouse.set_identity(p_tenant_id, 'ann');
  perform pg_temp.ask('r' || i) from generate_series(1, p_count) as i;
end
$$;
create function pg_temp.shares(p_limit integer)
  returns text
  language sql
as $$
  select string_agg(s.share, ' ' order by s.share)
  from (
    select format('%s:%s', c.tenant_id, count(*)) as share
    from tollhouse_worker.claim('00000000-0000-0000-0000-000000000001', p_limit) as c
    group by c.tenant_id
  ) as s
$$;
select pg_temp.ask_many('big', 50), pg_temp.ask_many('mid', 5), pg_temp.ask_many('small', 2);
savepoint three_tenants;
select is(pg_temp.shares(6), 'big:2 mid:2 small:2', 'a claim is shared equally among the tenants');
select is(pg_temp.shares(10), 'big:7 mid:3', 'what the short queues leave goes to the long ones');
select is(pg_temp.shares(100), 'big:41', 'up to all of it');
rollback to three_tenants;
select is(pg_temp.shares(1) || ' ' || pg_temp.shares(1) || ' ' || pg_temp.shares(1) || ' ' || pg_temp.shares(1), 'big:1 mid:1 small:1 big:1', 'one by one the tenants take turns');
select is((select last_tenant_id from tollhouse_private.workers), 'big', 'the round goes on after the tenant served last');
rollback to start;

-- What is due.
select tollhouse.enqueue('route', '{"prompt": "a"}', 'due', p_run_at => clock_timestamp() + interval '1 hour');
select tollhouse.enqueue('route', '{"prompt": "b"}', 'later', p_run_at => clock_timestamp() + interval '2 hours');
update tollhouse_private.jobs set run_at = clock_timestamp() where request_id = 'due';
select is(pg_temp.claimed(), 1::bigint, 'a scheduled call is claimed when its time has come');
select results_eq('select request_id, state from tollhouse_private.jobs order by 1', $$values ('due', 'running'), ('later', 'scheduled')$$, 'and not before');
rollback to start;
select tollhouse_private.promote_due('2100-01-01Z', '');
select tollhouse.enqueue('route', '{"prompt": "a"}', 'edge', p_run_at => date_trunc('day', now()) + interval '300 days');
select tollhouse_private.promote_due(date_trunc('day', now()) + interval '300 days' - interval '1 microsecond', '');
select is((select state from tollhouse_private.jobs), 'scheduled', 'a microsecond before it is not due');
select tollhouse_private.promote_due(date_trunc('day', now()) + interval '300 days', '');
select is((select state from tollhouse_private.jobs), 'queued', 'at its time it is');
rollback to start;

-- Who may claim.
select pg_temp.ask('r1');
select throws_ok($$select tollhouse_worker.claim('00000000-0000-0000-0000-000000000009', 10)$$, 'TH201', null, 'a worker that is not registered claims nothing');
select throws_ok($$select tollhouse_worker.claim(null, 10)$$, 'TH201', null, 'nor does none');
update tollhouse_private.workers set alive_until = clock_timestamp();
select throws_ok('select pg_temp.claimed()', 'TH201', null, 'nor one whose lease is over');
select is((select state from tollhouse_private.jobs), 'queued', 'and the call stays where it is');
rollback to start;

-- Idle no longer.
select tollhouse_worker.set_idle('00000000-0000-0000-0000-000000000001', true);
select pg_temp.claimed();
select is((select idle from tollhouse_private.workers), true, 'a claim that finds nothing leaves the worker asleep');
select pg_temp.ask('r1');
select pg_temp.claimed();
select is((select idle from tollhouse_private.workers), false, 'one that finds work wakes it');
rollback to start;

-- Half-open breakers: one probe a claim, and none while it is out.
select tollhouse_ops.open_breaker('mock', 'test', 'acme', 'ann', '1 microsecond');
select pg_temp.ask('r' || i) from generate_series(1, 3) as i;
select is(pg_temp.claimed(), 1::bigint, 'after the cool-down one call goes out');
select results_eq('select b.state, b.probe_call_id from tollhouse_private.breakers as b', $$select 'half_open', call_id from tollhouse_private.jobs$$, 'as the probe');
select pg_temp.ask('r4');
select pg_temp.claimed();
select is((select blocked_reason from tollhouse_private.llm_api_calls where request_id = 'r4'), 'breaker_open', 'no further one while it is out');
select pg_temp.record(pg_temp.result_of((select request_id from tollhouse_private.jobs), 'success'));
select is((select state from tollhouse_private.breakers), 'closed', 'its success closes the breaker');

select * from finish();
rollback;
