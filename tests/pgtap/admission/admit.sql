begin;
select plan(33);

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

create function pg_temp.claimed(p_limit integer default 100)
  returns bigint
  language sql
as $$
  select count(*) from tollhouse_worker.claim('00000000-0000-0000-0000-000000000001', p_limit)
$$;
-- request id: state or outcome
create function pg_temp.calls()
  returns setof text
  language sql
as $$
  select format('%s: %s', c.request_id, concat_ws(' ', c.status, c.blocked_reason)) from tollhouse_private.llm_api_calls as c
  union all
  select format('%s: %s', j.request_id, j.state) from tollhouse_private.jobs as j
  order by 1
$$;
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
create function pg_temp.ask(p_request_id text, p_prompt text default null, p_use_cache boolean default true)
  returns void
  language sql
as $$
  select pg_temp.tick();
  select tollhouse.enqueue('route', jsonb_build_object('prompt', coalesce(p_prompt, p_request_id)), p_request_id, p_use_cache => p_use_cache)
$$;
create function pg_temp.answer_all()
  returns void
  language sql
as $$
  select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
    select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'success',
      'input_tokens', 5, 'output_tokens', 7, 'response', '{"content": "because", "finish_reason": "stop"}'::jsonb))
    from tollhouse_private.jobs as j where j.state = 'running'))
$$;
savepoint start;

-- Each guard, decided at the claim.
select pg_temp.ask('r1');
savepoint queued;
select is(pg_temp.claimed(), 1::bigint, 'a call that passes every guard is admitted');
rollback to queued;
select tollhouse_ops.pull_kill_switch('endpoint', 'route', 'test');
select is(pg_temp.claimed(), 0::bigint, 'a switch pulled after the enqueue stops the claim');
select results_eq('select pg_temp.calls()', array['r1: blocked provider_kill_switch'], 'and the call is blocked by it');
rollback to queued;
select tollhouse_ops.set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'test');
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: blocked hourly_shutoff'], 'a shutoff blocks');
rollback to queued;
select tollhouse_ops.open_breaker('mock', 'test', 'acme', 'ann');
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: blocked breaker_open'], 'an open breaker blocks');
rollback to queued;
delete from tollhouse_private.model_prices;
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: blocked price_unknown'], 'an unknown price blocks');
rollback to queued;
update tollhouse_private.task_types set models = '{}';
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: blocked no_model'], 'a model that is gone blocks');
rollback to queued;
select tollhouse_ops.set_monthly_cap('acme', '', 1, 'test');
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: blocked monthly_cap_exceeded'], 'a full budget blocks');
select results_eq('select provider_attempted, attempts, cost_micro_usd, cost_basis from tollhouse_private.llm_api_calls', $$values (false, 0, 0::bigint, 'none')$$,
  'no refusal asks a provider or costs anything');
select is_empty('select from tollhouse_private.provider_attempts', 'nor does it leave an attempt');
rollback to queued;
select tollhouse_ops.set_rate_limit('tenant', 'acme', 1, null, null, 'test');
update tollhouse_private.rate_limits set requests_available = 0;
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: scheduled'], 'a rate limit only defers');
rollback to queued;

-- The first guard that speaks decides; the later ones take nothing.
select tollhouse_ops.stop_everything('test');
select tollhouse_ops.set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'test');
select tollhouse_ops.open_breaker('mock', 'test');
select tollhouse_ops.set_monthly_cap('acme', '', 1, 'test');
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: blocked provider_kill_switch'], 'the kill switch speaks first');
rollback to queued;
select tollhouse_ops.set_rate_limit('tenant', 'acme', 10, null, null, 'test');
select tollhouse_ops.set_monthly_cap('acme', '', 1, 'test');
select pg_temp.claimed();
select is((select requests_available from tollhouse_private.rate_limits), 10::numeric, 'a call that the budget refuses takes nothing out of the rate limit');
rollback to queued;
select tollhouse_ops.set_rate_limit('tenant', 'acme', 1, null, null, 'test');
update tollhouse_private.rate_limits set requests_available = 0;
select tollhouse_ops.set_monthly_cap('acme', '', 1000000, 'test');
select pg_temp.claimed();
select is((select coalesce(sum(reserved_micro_usd), 0) from tollhouse_private.monthly_budgets), 0::numeric, 'a call that the rate limit defers reserves nothing');
rollback to queued;
select tollhouse_ops.open_breaker('mock', 'test', 'acme', 'ann', '1 microsecond');
select tollhouse_ops.set_monthly_cap('acme', '', 1, 'test');
select pg_temp.claimed();
select is((select state from tollhouse_private.breakers), 'open', 'a probe that the budget refuses leaves the slot free');
rollback to start;

-- Cache and coalescing.
select pg_temp.ask('r1', 'why?');
select pg_temp.ask('r2', 'why?');
select pg_temp.ask('r3', 'why not?');
select pg_temp.ask('r4', 'why?', false);
select is(pg_temp.claimed(), 3::bigint, 'of identical calls in a batch one goes out; who wants a fresh answer goes by itself');
select results_eq('select pg_temp.calls()', array['r1: running', 'r2: coalesced', 'r3: running', 'r4: running'], 'the other waits for its answer');
select pg_temp.ask('r5', 'why?');
select is(pg_temp.claimed(), 0::bigint, 'a later identical call waits too');
savepoint in_flight;
select pg_temp.answer_all();
select is(pg_temp.claimed(), 0::bigint, 'when the answer is there no further attempt is made');
select results_eq('select request_id, status, was_cached, cost_micro_usd from tollhouse_private.llm_api_calls order by 1',
  $$values ('r1', 'success', false, 19::bigint), ('r2', 'success', true, 0), ('r3', 'success', false, 19), ('r4', 'success', false, 19), ('r5', 'success', true, 0)$$,
  'those that waited get it for nothing');
select is_empty('select from tollhouse_private.cache_flights', 'and no flight is left behind');
rollback to in_flight;
select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
  select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'rejected'))
  from tollhouse_private.jobs as j where j.request_id = 'r1'));
select results_eq('select pg_temp.calls()', array['r1: failed', 'r2: queued', 'r3: running', 'r4: running', 'r5: queued'],
  'when the call that went out fails for good the waiting ones are queued');
select is(pg_temp.claimed(), 1::bigint, 'and one of them goes out in its place');
rollback to in_flight;
update tollhouse_private.jobs set attempts = 1 where request_id = 'r1';
select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
  select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'not_sent'))
  from tollhouse_private.jobs as j where j.request_id = 'r1'));
select tollhouse_ops.stop_everything('test');
select pg_temp.claimed();
select results_eq($$select request_id, state from tollhouse_private.jobs where request_id in ('r1', 'r2', 'r5')$$, $$values ('r2', 'queued'), ('r5', 'queued')$$,
  'when the call that should have gone out again is blocked the waiting ones are queued');
rollback to start;

-- An answer that is no longer there when it is to be handed over.
select pg_temp.ask('r1', 'why?');
select pg_temp.claimed();
select pg_temp.answer_all();
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r2', p_run_at => clock_timestamp() + interval '1 minute');
update tollhouse_private.jobs set run_at = clock_timestamp();
savepoint due;
select is(pg_temp.claimed(), 0::bigint, 'a call whose time has come is answered from the cache');
select is((select was_cached from tollhouse_private.llm_api_calls where request_id = 'r2'), true, 'at its claim');
rollback to due;
create or replace function tollhouse_private.cached_result(p_job tollhouse_private.jobs) returns tollhouse_private.attempt_result language sql as $$ select null::tollhouse_private.attempt_result $$;
select pg_temp.claimed();
select results_eq('select pg_temp.calls()', array['r1: success', 'r2: queued'], 'an entry that vanished leaves its call queued');
rollback to start;

-- Fail closed.
select pg_temp.ask('r1');
select pg_temp.ask('r2');
savepoint two;
create or replace function tollhouse_private.guard_hourly_shutoff(p_jobs tollhouse_private.jobs[], p_now timestamptz) returns setof tollhouse_private.verdict
  language sql as $$ select null::uuid, 'blocked', 'hourly_shutoff', null::timestamptz $$;
select is(pg_temp.claimed(), 0::bigint, 'a guard that answers null admits nothing');
select results_eq('select pg_temp.calls()', array['r1: queued', 'r2: queued'], 'and loses nothing');
rollback to two;
create or replace function tollhouse_private.guard_rate_limit(p_routes tollhouse_private.route[], p_now timestamptz) returns setof tollhouse_private.verdict
  language plpgsql as $$ begin raise 'broken'; end $$;
select throws_ok('select pg_temp.claimed()', 'P0001', 'broken', 'a guard that fails fails the claim');
select results_eq('select pg_temp.calls()', array['r1: queued', 'r2: queued'], 'which admits nothing and loses nothing');
rollback to two;

-- One batch, every verdict.
select tollhouse.set_identity('globex', 'gus');
select pg_temp.ask('g1');
select tollhouse_ops.pull_kill_switch('tenant', 'globex', 'test');
select tollhouse_ops.set_monthly_cap('acme', '', 600, 'test');
select is(pg_temp.claimed(), 1::bigint, 'each call of a batch is decided by itself');
select results_eq('select pg_temp.calls()', array['g1: blocked provider_kill_switch', 'r1: running', 'r2: blocked monthly_cap_exceeded'], 'whatever is said of the others');

select * from finish();
rollback;
