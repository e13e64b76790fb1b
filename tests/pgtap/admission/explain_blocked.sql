begin;
select plan(17);

\ir explained.psql

create function pg_temp.told(p_request_id text default 'r1')
  returns text
  language sql
as $$
  select e.why || ' | ' || e.what_to_do from tollhouse.explain('route', p_request_id) as e
$$;
create function pg_temp.asked(p_request_id text default 'r1')
  returns void
  language plpgsql
as $$
begin
  perform tollhouse.enqueue('route', jsonb_build_object('prompt', p_request_id, 'max_tokens', 100), p_request_id);
  perform pg_temp.claimed();
end
$$;
savepoint start;

-- A shutoff: whose it is and until when, though the tenant's own row is not this user's to read.
select tollhouse_ops.set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'test');
select pg_temp.asked();
select matches(pg_temp.told(), '^The tenant is shut off until 20.* \| After that, enqueue again under a new request id', 'a refused user learns that the tenant is shut off, and until when');
select tollhouse_ops.set_shutoff('acme', 'ann', clock_timestamp() + interval '2 hours', 'test');
select matches(pg_temp.told(), '^The user is shut off until 20', 'or that the user is');
select tollhouse_ops.lift_shutoff('acme', '', 'test'), tollhouse_ops.lift_shutoff('acme', 'ann', 'test');
select is(pg_temp.told(), 'The tenant or the user was shut off for the hour. | It is over: enqueue again under a new request id.', 'or that it is over');
rollback to start;

-- A cap: whose it is and until when, without a number.
select tollhouse_ops.set_monthly_cap('acme', '', 0, 'test');
select pg_temp.asked();
select is(pg_temp.told(), format('The 0.000235 USD that the call could have cost did not fit under the monthly cap of the tenant. | Ask for less (max_completion_tokens), wait until %s (UTC), or have the cap raised.',
  (date_trunc('month', now() at time zone 'UTC') + interval '1 month')::date), 'a refused user learns what the call needed, that it was the tenant''s cap, and when the month ends');
select tollhouse_ops.set_monthly_cap('acme', '', 234, 'test');
select matches(pg_temp.told(), 'have the cap raised\.$', 'or how much higher it must be');
select tollhouse_ops.set_monthly_cap('acme', '', 235, 'test');
select matches(pg_temp.told(), '\| It fits now: enqueue again under a new request id\.$', 'until it is');
rollback to start;
select tollhouse_ops.set_monthly_cap('acme', '', 100000, 'test'), tollhouse_ops.set_monthly_cap('acme', 'ann', 0, 'test');
select pg_temp.asked();
select matches(pg_temp.told(), 'under the monthly cap of the user\.', 'or the user''s own');
select matches((select b.why from tollhouse_private.llm_api_calls as c cross join lateral tollhouse_private.explain_blocked(c, now() + interval '1 month') as b), '^The 0.000235 USD', 'a month later it is still told');
select is((select b.what_to_do from tollhouse_private.llm_api_calls as c cross join lateral tollhouse_private.explain_blocked(c, now() + interval '1 month') as b), 'A new month has begun: enqueue again under a new request id.', 'with what has changed');
rollback to start;

-- A breaker, the provider's own too.
select tollhouse_ops.open_breaker('mock', 'test', p_cooldown => '1 hour');
select pg_temp.asked();
select matches(pg_temp.told(), '^mock had been failing, so its circuit breaker was open\. \| It is open until 20', 'an open breaker is named with its end');
select tollhouse_ops.close_breaker('mock', 'test');
select matches(pg_temp.told(), 'Calls pass again: enqueue again under a new request id\.$', 'and a closed one as closed');
rollback to start;

-- A refusal that comes between two attempts.
select pg_temp.asked();
select pg_temp.record('timeout');
update tollhouse_private.jobs set run_at = now();
select tollhouse_ops.set_monthly_cap('acme', 'ann', 0, 'test');
select pg_temp.claimed();
select results_eq('select provider_attempted, attempts, cost_micro_usd from tollhouse_private.llm_api_calls', $$values (true, 1, 19::bigint)$$, 'a call that is refused after an attempt keeps what that cost');
select matches(pg_temp.told(), '^After 1 attempt, at a cost of 0\.000019 USD, the next one was refused\. The 0\.0002', 'and says so');
rollback to start;
select pg_temp.asked();
select pg_temp.record('timeout');
update tollhouse_private.jobs set run_at = now();
select tollhouse_ops.stop_everything('test');
select pg_temp.claimed();
select matches(pg_temp.told(), '^After 1 attempt, .* An operator has stopped calls like this one with a kill switch on everything \(test\)\. \| Once it is lifted', 'a switch that was pulled between two attempts aborted none');
rollback to start;
select pg_temp.asked();
select pg_temp.record('aborted');
select matches(pg_temp.told(), '^A kill switch was pulled while the call was in flight; it was aborted and may have been billed\. \| It is lifted: enqueue again', 'one that was pulled in flight did');
rollback to start;

-- The others have their one sentence.
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1', p_max_cost_micro_usd => 0);
select pg_temp.claimed();
select is(pg_temp.told(), 'The call could have cost 0.000527 USD, more than the max_cost_micro_usd it was given. | Enqueue again under a new request id, with a higher max_cost_micro_usd or asking for less (max_completion_tokens).', 'a limit of the call''s own says which it was');
rollback to start;
select tollhouse_ops.set_task_type('route', 'test', array['small']), tollhouse_ops.set_model('free', 'mock', 'mock-free', 'test');
select tollhouse_ops.set_task_type('route', 'test', array['free']);
select pg_temp.asked();
select matches(pg_temp.told(), '^No price is known for the model', 'so does a price that nobody set');

select * from finish();
rollback;
