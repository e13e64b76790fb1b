begin;
select plan(47);

-- explain_cap
savepoint apart;
create function pg_temp.told(p_refused bigint, p_now timestamptz default '2030-01-20Z')
  returns text
  language sql
as $$
  select e.why || ' | ' || e.what_to_do
  from tollhouse_private.explain_cap(jsonb_populate_record(null::tollhouse_private.llm_api_calls, jsonb_build_object(
    'tenant_id', 'acme', 'user_id', 'ann', 'finished_at', '2030-01-15Z', 'refused_micro_usd', p_refused)), p_now) as e
$$;
insert into tollhouse_private.monthly_budgets (tenant_id, user_id, month, cap_micro_usd, spent_micro_usd, reserved_micro_usd)
values ('acme', '', '2030-01-01', 1000, 900, 50), ('acme', 'ann', '2030-01-01', 2000, 0, 0), ('acme', 'bob', '2030-01-01', 1, 1, 0);

select is(pg_temp.told(101), 'The 0.000101 USD that the call could have cost did not fit under the monthly cap of the tenant. | Lower max_completion_tokens, wait until 2030-02-01 (UTC), or ask an operator to raise the cap.', 'the tightest cap is named, with what the call needed');
select matches(pg_temp.told(100), '\| It would fit now\. Enqueue again under a new request id\.$', 'what fits by now may be asked again');
select matches(pg_temp.told(101, '2030-02-01Z'), '\| A new month has begun\. Enqueue again under a new request id\.$', 'so may what was refused last month');
update tollhouse_private.monthly_budgets set cap_micro_usd = 50 where user_id = 'ann';
select matches(pg_temp.told(100), 'the monthly cap of the user\. \| Lower max_completion_tokens', 'a user''s own cap is theirs');
update tollhouse_private.monthly_budgets set cap_micro_usd = null;
select matches(pg_temp.told(100), 'the monthly cap of the user or tenant\. \| It would fit now', 'without a cap by now, nobody knows whose it was');
select matches(pg_temp.told(null), '^The highest possible cost of the call did not fit', 'nor what it needed, where no price was known');
rollback to apart;

-- explain_blocked
savepoint apart;
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
select matches(pg_temp.told(), '^The tenant is shut off until 20.* \| Enqueue again after that under a new request id', 'a refused user learns that the tenant is shut off, and until when');
select tollhouse_ops.set_shutoff('acme', 'ann', clock_timestamp() + interval '2 hours', 'test');
select matches(pg_temp.told(), '^The user is shut off until 20', 'or that the user is');
select tollhouse_ops.lift_shutoff('acme', '', 'test'), tollhouse_ops.lift_shutoff('acme', 'ann', 'test');
select is(pg_temp.told(), 'An hourly shutoff was in force for the tenant or the user. | The shutoff has ended. Enqueue again under a new request id.', 'or that it is over');
rollback to start;

-- A cap: whose it is and until when, without a number.
select tollhouse_ops.set_monthly_cap('acme', '', 0, 'test');
select pg_temp.asked();
select is(pg_temp.told(), format('The 0.000235 USD that the call could have cost did not fit under the monthly cap of the tenant. | Lower max_completion_tokens, wait until %s (UTC), or ask an operator to raise the cap.',
  (date_trunc('month', now() at time zone 'UTC') + interval '1 month')::date), 'a refused user learns what the call needed, that it was the tenant''s cap, and when the month ends');
select tollhouse_ops.set_monthly_cap('acme', '', 234, 'test');
select matches(pg_temp.told(), 'ask an operator to raise the cap\.$', 'or how much higher it must be');
select tollhouse_ops.set_monthly_cap('acme', '', 235, 'test');
select matches(pg_temp.told(), '\| It would fit now\. Enqueue again under a new request id\.$', 'until it is');
rollback to start;
select tollhouse_ops.set_monthly_cap('acme', '', 100000, 'test'), tollhouse_ops.set_monthly_cap('acme', 'ann', 0, 'test');
select pg_temp.asked();
select matches(pg_temp.told(), 'under the monthly cap of the user\.', 'or the user''s own');
select matches((select b.why from tollhouse_private.llm_api_calls as c cross join lateral tollhouse_private.explain_blocked(c, now() + interval '1 month') as b), '^The 0.000235 USD', 'a month later it is still told');
select is((select b.what_to_do from tollhouse_private.llm_api_calls as c cross join lateral tollhouse_private.explain_blocked(c, now() + interval '1 month') as b), 'A new month has begun. Enqueue again under a new request id.', 'with what has changed');
rollback to start;

-- A breaker, the provider's own too.
select tollhouse_ops.open_breaker('mock', 'test', p_cooldown => '1 hour');
select pg_temp.asked();
select matches(pg_temp.told(), '^mock had been failing, so its circuit breaker was open\. \| The breaker is open until 20', 'an open breaker is named with its end');
select tollhouse_ops.close_breaker('mock', 'test');
select matches(pg_temp.told(), 'Calls pass again\. Enqueue again under a new request id\.$', 'and a closed one as closed');
rollback to start;

-- A refusal that comes between two attempts.
select pg_temp.asked();
select pg_temp.record('timeout');
update tollhouse_private.jobs set run_at = now();
select tollhouse_ops.set_monthly_cap('acme', 'ann', 0, 'test');
select pg_temp.claimed();
select results_eq('select provider_attempted, attempts, cost_micro_usd from tollhouse_private.llm_api_calls', $$values (true, 1, 19::bigint)$$, 'a call that is refused after an attempt keeps what that cost');
select matches(pg_temp.told(), '^After 1 attempt costing 0\.000019 USD, the next one was refused\. The 0\.0002', 'and says so');
rollback to start;
select pg_temp.asked();
select pg_temp.record('timeout');
update tollhouse_private.jobs set run_at = now();
select tollhouse_ops.stop_everything('test');
select pg_temp.claimed();
select matches(pg_temp.told(), '^After 1 attempt .* Calls like this one are stopped by a kill switch on everything \(test\)\. \| Enqueue again under a new request id once the switch is lifted', 'a switch that was pulled between two attempts aborted none');
rollback to start;
select pg_temp.asked();
select pg_temp.record('aborted');
select matches(pg_temp.told(), '^A kill switch was pulled while the call was in flight\. It was aborted and may have been billed\. \| The switch has been lifted\. Enqueue again', 'one that was pulled in flight did');
rollback to start;

-- The others have their one sentence.
select tollhouse.enqueue('route', '{"prompt": "b"}', 'r1', p_max_cost_micro_usd => 0);
select pg_temp.claimed();
select is(pg_temp.told(), 'The call could have cost 0.000527 USD, more than its max_cost_micro_usd. | Enqueue again under a new request id, with a higher max_cost_micro_usd or a lower max_completion_tokens.', 'a limit of the call''s own says which it was');
rollback to start;
select tollhouse_ops.set_task_type('route', 'test', array['small']), tollhouse_ops.set_model('free', 'mock', 'mock-free', 'test');
select tollhouse_ops.set_task_type('route', 'test', array['free']);
select pg_temp.asked();
select matches(pg_temp.told(), '^The model has no price', 'so does a price that nobody set');
rollback to apart;

-- explain_ended
savepoint apart;
\ir explained.psql

create function pg_temp.told(p_request_id text default 'r1')
  returns text
  language sql
as $$
  select e.why || ' | ' || e.what_to_do
  from tollhouse_private.llm_api_calls as c
  cross join lateral tollhouse_private.explain_ended(c, clock_timestamp()) as e
  where c.request_id = p_request_id
$$;
select tollhouse.enqueue('route', '{"prompt": "b", "max_tokens": 100}', 'r1');
savepoint asked;

select pg_temp.claimed();
select pg_temp.record('success');
select is(pg_temp.told(), 'Answered by small after 1 attempt. | Nothing. The call has ended.', 'an answer names its model');
select tollhouse.enqueue('route', '{"prompt": "b", "max_tokens": 100}', 'r2');
select is(pg_temp.told('r2'), 'Answered free of charge from the cache. | Nothing. The call has ended.', 'a cached one says so');
rollback to asked;
select pg_temp.claimed();
select pg_temp.record('rejected', 'invalid_request', 'no such thing');
select is(pg_temp.told(), 'Failed after 1 attempt costing 0 USD. The last one (model small, provider mock) ended with invalid_request. | See last_error. To try again, enqueue under a new request id.', 'a failure names where, why and what it cost');
rollback to asked;
select tollhouse.cancel((select call_id from tollhouse_private.jobs));
select is(pg_temp.told(), 'The call was cancelled. | Nothing. The call has ended.', 'a cancelled one was cancelled');
rollback to asked;
update tollhouse_private.jobs set attempts = 2;
select pg_temp.claimed();
select pg_temp.record('not_configured', 'not_configured');
select is(pg_temp.told(), 'Failed without sending a request (3 attempts). | See last_error. To try again, enqueue under a new request id.', 'what never left says so');
rollback to asked;
select tollhouse_ops.stop_everything('test');
select pg_temp.claimed();
select matches(pg_temp.told(), '^Calls like this one are stopped by a kill switch on everything', 'a refusal names its guard');
rollback to asked;
select is(pg_temp.told(), null, 'what is not over has no such sentence');
rollback to apart;

-- explain_ended
savepoint apart;
\ir ../one_provider.psql
select tollhouse_ops.stop_everything('test');
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'r1');

set local role tollhouse_auditor;
select results_eq('select e.why, e.what_to_do from tollhouse_ops.explained_calls as e',
  $$values ('Calls like this one are stopped by a kill switch on everything (test).', 'Enqueue again under a new request id once the switch is lifted.')$$,
  'a row of the ledger has the sentences that its caller reads');
reset role;
set local role tollhouse_client;
select throws_ok('select tollhouse_ops.explain_ended(null, null, null)', '42501', null, 'a client has explain');
reset role;
rollback to apart;

-- explained_calls
select columns_are('tollhouse_ops', 'explained_calls', array[
  'tenant_id', 'call_id', 'created_at', 'finished_at', 'user_id', 'endpoint', 'request_id', 'status', 'blocked_reason',
  'was_cached', 'model', 'cost_micro_usd', 'latency_ms', 'why', 'what_to_do'
], 'a finished call, without its content, and a sentence');
select view_owner_is('tollhouse_ops', 'explained_calls', 'tollhouse_engine', 'the engine owns it');
select table_privs_are('tollhouse_ops', 'explained_calls', 'tollhouse_operator', array['SELECT'], 'operators read it');
select table_privs_are('tollhouse_ops', 'explained_calls', 'tollhouse_auditor', array['SELECT'], 'auditors too');

insert into tollhouse_private.llm_api_calls (
  tenant_id, call_id, created_at, finished_at, user_id, endpoint, request_id, fingerprint, status, blocked_reason, was_cached,
  provider_attempted, attempts, provider, model, cost_micro_usd, cost_basis, error_code
)
select 'acme', gen_random_uuid(), now(), now(), 'ann', 'route', e.name, '', e.status, e.reason, e.cached, e.sent, e.attempts, 'mock', 'small', 0, 'none', e.error
from (values
  ('first', 'success', null, false, true, 1, null), ('third', 'success', null, false, true, 3, null),
  ('cached', 'success', null, true, false, 0, null), ('cancelled', 'cancelled', null, false, false, 0, null),
  ('failed', 'failed', null, false, true, 1, 'server_error'), ('failed silently', 'failed', null, false, true, 1, null),
  ('capped', 'blocked', 'monthly_cap_exceeded', false, false, 0, null),
  ('aborted', 'blocked', 'provider_kill_switch', false, true, 1, null),
  ('stopped', 'blocked', 'provider_kill_switch', false, true, 2, null)
) as e (name, status, reason, cached, sent, attempts, error);
insert into tollhouse_private.provider_attempts (tenant_id, call_id, attempt, created_at, started_at, finished_at, user_id, endpoint, provider, model, outcome, sent, late, worker_id, cost_micro_usd, cost_basis, budget_month)
select c.tenant_id, c.call_id, c.attempts, c.created_at, now(), now(), c.user_id, c.endpoint, 'mock', 'small', case c.request_id when 'aborted' then 'aborted' else 'timeout' end, true, false, gen_random_uuid(), 0, 'none', '2030-01-01'
from tollhouse_private.llm_api_calls as c where c.status = 'blocked' and c.attempts > 0;

create function pg_temp.why(p_request_id text)
  returns text
  language sql
as $$
  select e.why from tollhouse_ops.explained_calls as e where e.request_id = p_request_id
$$;

set local role tollhouse_auditor;
select is(pg_temp.why('first'), 'Answered by small after 1 attempt.', 'an answer names its model');
select is(pg_temp.why('third'), 'Answered by small after 3 attempts.', 'and the attempts');
select is(pg_temp.why('cached'), 'Answered free of charge from the cache.', 'a cached one says so');
select is(pg_temp.why('cancelled'), 'The call was cancelled.', 'a cancelled one too');
select is(pg_temp.why('failed'), 'Failed after 1 attempt costing 0 USD. The last one (model small, provider mock) ended with server_error.', 'a failure names its code');
select matches(pg_temp.why('failed silently'), '\(model small, provider mock\) ended with no error code\.', 'if it has one');
select matches(pg_temp.why('capped'), 'monthly cap', 'a refusal has the sentence that its caller reads');
select matches(pg_temp.why('aborted'), 'in flight', 'a call aborted in flight may have been billed');
select is(pg_temp.why('stopped'), 'After 2 attempts costing 0 USD, the next one was refused. A kill switch was stopping calls like this one.', 'one that was refused between two attempts says how many it had made');
reset role;

set local role tollhouse_client;
select throws_ok('select from tollhouse_ops.explained_calls', '42501', null, 'a client does not read it');
reset role;
set local role tollhouse_worker;
select throws_ok('select from tollhouse_ops.explained_calls', '42501', null, 'nor does a worker');
reset role;

select * from finish();
rollback;
