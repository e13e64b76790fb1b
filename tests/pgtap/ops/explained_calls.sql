begin;
select plan(15);

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
select is(pg_temp.why('cached'), 'Answered from the cache, free of charge.', 'a cached one says so');
select is(pg_temp.why('cancelled'), 'It was cancelled.', 'a cancelled one too');
select is(pg_temp.why('failed'), 'Failed after 1 attempt, at a cost of 0 USD. The last one, model small at provider mock, ended with server_error.', 'a failure names its code');
select matches(pg_temp.why('failed silently'), 'model small at provider mock, ended with no error code\.', 'if it has one');
select matches(pg_temp.why('capped'), 'monthly cap', 'a refusal has the sentence that its caller reads');
select matches(pg_temp.why('aborted'), 'in flight', 'a call aborted in flight may have been billed');
select is(pg_temp.why('stopped'), 'After 2 attempts, at a cost of 0 USD, the next one was refused. An operator had stopped calls like this one with a kill switch.', 'one that was refused between two attempts says how many it had made');
reset role;

set local role tollhouse_client;
select throws_ok('select from tollhouse_ops.explained_calls', '42501', null, 'a client does not read it');
reset role;
set local role tollhouse_worker;
select throws_ok('select from tollhouse_ops.explained_calls', '42501', null, 'nor does a worker');
reset role;

select * from finish();
rollback;
