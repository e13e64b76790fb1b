begin;
select plan(95);

savepoint without_text;
create temporary table kept as
select r.*
from tollhouse_private.without_text(
  jsonb_populate_record(null::tollhouse_private.attempt_result, '{"outcome": "rejected", "error_code": "bad_request", "error_message": "what is six times seven?"}')
) as r;
select is((select error_message from kept), null, 'the text is gone');
select is((select concat_ws(' ', outcome, error_code) from kept), 'rejected bad_request', 'and nothing else');
rollback to without_text;

savepoint assess;
-- In how many milliseconds the call would be tried again.
create function pg_temp.backs_off(p_outcome text, p_more jsonb default '{}')
  returns double precision
  language plpgsql
as $$
declare
  v_before timestamptz := clock_timestamp();
begin
  perform pg_temp.record(pg_temp.result_of('r1', p_outcome, p_more));
  raise exception using errcode = 'PT001', message = (select extract(epoch from j.run_at - v_before) * 1000 from tollhouse_private.jobs as j where j.request_id = 'r1');
exception
  when sqlstate 'PT001' then
    return sqlerrm::double precision;
end
$$;
create function pg_temp.earlier_attempts(p_attempts integer)
  returns void
  language sql
as $$
  update tollhouse_private.jobs set attempts = p_attempts + 1
$$;
\ir attempts.psql

-- Each outcome: is it tried again, what is charged, what do breakers hear, what becomes of the call.
select is(pg_temp.ends('success'), 'success attempted 1 19; sent usage 19; 19+0', 'a success is over and costs what it used');
select is(pg_temp.ends('success', '{"cached_input_tokens": 5, "reasoning_tokens": 7}'), 'success attempted 1 19; sent usage 19; 19+0', 'kinds without a price of their own cost as their whole');
select is(pg_temp.ends('success', '{"output_tokens": null}'), 'success attempted 1 528; sent reservation 528; 528+0', 'a success that does not say what it used is charged its reservation');
select is(pg_temp.ends('success', '{"input_tokens": 0, "output_tokens": 0}'), 'success attempted 1 0; sent usage 0; 0+0', 'one that used nothing costs nothing');
select is(pg_temp.ends('success', '{"usage_doubtful": true, "input_tokens": 1, "cached_input_tokens": 20000000}'), 'success attempted 1 20000014; sent usage 20000014; 20000014+0',
  'a usage that contradicts itself is charged the most that it can mean, where that is more than the reservation');
select is(pg_temp.ends('success', '{"usage_doubtful": true, "input_tokens": 5, "cached_input_tokens": 6}'), 'success attempted 1 528; sent reservation 528; 528+0', 'and else the reservation');
select is(pg_temp.ends('success', '{"usage_doubtful": true, "input_tokens": null, "output_tokens": 2147483647}'), 'success attempted 1 4294967294; sent usage 4294967294; 4294967294+0', 'also where a number is missing, or larger than can be');
select is(pg_temp.ends('server_error', '{"usage_doubtful": true, "output_tokens": 1000}'), 'scheduled attempted 1 2000; sent usage 2000; 2000+0; breaker 1', 'also for a server error');
select is(pg_temp.ends('rate_limited'), 'scheduled attempted 1 0; sent none 0; 0+0', 'a 429 is tried again, costs nothing and trips nothing');
select is(pg_temp.ends('server_error'), 'scheduled attempted 1 0; sent none 0; 0+0; breaker 1', 'a server error is tried again, counts for the breaker and costs nothing');
select is(pg_temp.ends('server_error', '{"input_tokens": 5, "output_tokens": 7}'), 'scheduled attempted 1 19; sent usage 19; 19+0; breaker 1', 'unless it reported usage');
select is(pg_temp.ends('timeout'), 'scheduled attempted 1 528; sent reservation 528; 528+0; breaker 1', 'a timeout is tried again and charged in full: the provider may have answered');
select is(pg_temp.ends('dropped'), 'scheduled attempted 1 528; sent reservation 528; 528+0; breaker 1', 'so is a dropped connection');
select is(pg_temp.ends('dropped', '{"sent": false}'), 'scheduled unattempted 1 0; unsent none 0; 0+0; breaker 1', 'unless the request had not begun');
select is(pg_temp.ends('unreachable'), 'scheduled unattempted 1 0; unsent none 0; 0+0; breaker 1', 'an unreachable provider was not attempted, and counts for the breaker');
select is(pg_temp.ends('unreachable', '{"sent": true}'), 'scheduled unattempted 1 0; unsent none 0; 0+0; breaker 1', 'whatever the worker says of it');
select is(pg_temp.ends('malformed'), 'scheduled attempted 1 528; sent reservation 528; 528+0; breaker 1', 'a malformed answer is tried again and charged in full');
select is(pg_temp.ends('malformed', '{"input_tokens": 5, "output_tokens": 7}'), 'scheduled attempted 1 19; sent usage 19; 19+0; breaker 1', 'or what it says it used');
select is(pg_temp.ends('rejected'), 'failed attempted 1 0; sent none 0; 0+0', 'a refusal by the provider is final, costs nothing and trips nothing');
select is(pg_temp.ends('not_configured'), 'scheduled unattempted 1 0; unsent none 0; 0+0', 'a worker that does not know the provider leaves the call to the next candidate, or to another worker');
select is(pg_temp.ends('aborted'), 'blocked provider_kill_switch attempted 1 528; sent reservation 528; 528+0', 'a call aborted in flight is blocked, and may have been billed');
select is(pg_temp.ends('aborted', '{"sent": false}'), 'blocked provider_kill_switch unattempted 1 0; unsent none 0; 0+0', 'if it had not gone out it was not');
select is(pg_temp.ends('cancelled'), 'cancelled attempted 1 528; sent reservation 528; 528+0', 'a call cancelled in flight may have been billed');
select is(pg_temp.ends('cancelled', '{"sent": false}'), 'cancelled unattempted 1 0; unsent none 0; 0+0', 'if it had not gone out it was not');
select is(pg_temp.ends('interrupted'), 'scheduled attempted 1 528; sent reservation 528; 528+0', 'an interrupted call is tried again and trips nothing');
select is(pg_temp.ends('interrupted', '{"sent": false}'), 'scheduled unattempted 1 0; unsent none 0; 0+0', 'if it had not gone out it costs nothing');
select is(pg_temp.ends('abandoned'), 'scheduled attempted 1 528; sent reservation 528; 528+0', 'an abandoned call is tried again and charged in full');
select is(pg_temp.ends('not_sent'), 'queued unattempted 0 0; 0+0', 'a call handed back unsent is queued at once, without an attempt');

-- Attempts.
update tollhouse_private.task_types set max_attempts = 2 where endpoint = 'route';
select is(pg_temp.ends('server_error'), 'scheduled attempted 1 0; sent none 0; 0+0; breaker 1', 'while attempts are left it is tried again');
select pg_temp.earlier_attempts(1);
select is(pg_temp.ends('server_error'), 'failed attempted 2 0; sent none 0; 0+0; breaker 1', 'the last allowed attempt is the last');
select is(pg_temp.ends('timeout'), 'failed attempted 2 528; sent reservation 528; 528+0; breaker 1', 'and is charged like any other');
select is(pg_temp.ends('abandoned'), 'failed attempted 2 528; sent reservation 528; 528+0', 'also when its worker died');
select is(pg_temp.ends('not_sent'), 'queued unattempted 1 0; 0+0', 'what was not sent does not count');
update tollhouse_private.jobs set unsent = 1;
select is(pg_temp.ends('server_error'), 'scheduled attempted 1 0; sent none 0; 0+0; breaker 1', 'nor what was not sent before');
rollback to running;
update tollhouse_private.task_types set retries_abandoned = false where endpoint = 'route';
select is(pg_temp.ends('abandoned'), 'failed attempted 1 528; sent reservation 528; 528+0', 'an endpoint can say that what may have been done is not done again');
select is(pg_temp.ends('timeout'), 'scheduled attempted 1 528; sent reservation 528; 528+0; breaker 1', 'which is said of dead workers only');
rollback to running;

-- When it is tried again.
update tollhouse_private.task_types set backoff_ms = 1000, max_attempts = 20 where endpoint = 'route';
select ok(pg_temp.backs_off('server_error') between 500 and 1100, 'the first wait is the endpoint''s, with jitter') from generate_series(1, 3);
select pg_temp.earlier_attempts(2);
select ok(pg_temp.backs_off('server_error') between 2000 and 4100, 'it doubles with each attempt');
select pg_temp.earlier_attempts(18);
select ok(pg_temp.backs_off('server_error') between 30000 and 60100, 'up to a minute');
select ok(pg_temp.backs_off('rate_limited', '{"retry_after_ms": 90000}') between 90000 and 90100, 'a longer Retry-After wins');
select ok(pg_temp.backs_off('rate_limited', '{"retry_after_ms": 1}') between 30000 and 60100, 'a shorter one does not');
select ok(pg_temp.backs_off('rate_limited', '{"retry_after_ms": 86400000}') between 3600000 and 3600100, 'and none is longer than an hour');
select ok(pg_temp.backs_off('rate_limited', '{"retry_after_ms": -5}') between 30000 and 60100, 'nor does a negative one shorten the wait');
update tollhouse_private.task_types set backoff_ms = 0 where endpoint = 'route';
select ok(pg_temp.backs_off('server_error') < 100, 'an endpoint can try again at once');
rollback to running;

-- A cancel that came while it ran.
insert into tollhouse_private.cancel_requests select j.tenant_id, j.call_id, j.user_id from tollhouse_private.jobs as j cross join generate_series(1, 2);
select is(pg_temp.ends('server_error'), 'cancelled attempted 1 0; sent none 0; 0+0; breaker 1', 'who cancelled gets no further attempt');
select is(pg_temp.ends('not_sent'), 'cancelled unattempted 0 0; 0+0', 'nor a first one, and it says that there was none');
select is(pg_temp.ends('success'), 'success attempted 1 19; sent usage 19; 19+0', 'an answer that came nevertheless is an answer');
rollback to running;

-- The price is the one at which the reservation was made.
insert into tollhouse_private.model_prices select 'small', 'output', j.started_at - interval '1 microsecond', 500000000 from tollhouse_private.jobs as j;
select is(pg_temp.ends('success'), 'success attempted 1 19; sent usage 19; 19+0', 'a price that came to light in flight does not pass the reservation, from whenever it holds');
rollback to assess;

savepoint append_attempts;
\ir attempts.psql

select pg_temp.record(pg_temp.result_of('r1', 'timeout'));
update tollhouse_private.jobs set run_at = clock_timestamp();
select pg_temp.claimed();
select pg_temp.record(pg_temp.result_of('r1', 'success'));
select results_eq('select attempt, outcome, cost_micro_usd, late from tollhouse_private.provider_attempts order by attempt',
  $$values (1, 'timeout', 528::bigint, false), (2, 'success', 19, false)$$, 'each attempt has its row');
select is((select sum(cost_micro_usd) from tollhouse_private.provider_attempts), (select spent_micro_usd::numeric from tollhouse_private.monthly_budgets where user_id = ''), 'which add up to what is spent');
rollback to running;

select pg_temp.record(pg_temp.result_of('r1', 'server_error', jsonb_build_object('http_status', 503, 'error_code', 'overloaded', 'error_message', repeat('x', 600), 'latency_ms', 12, 'provider_request_id', 'req_1')));
select results_eq('select http_status, error_code, length(error_message), latency_ms, provider_request_id, provider, model from tollhouse_private.provider_attempts',
  $$values (503, 'overloaded', 500, 12, 'req_1', 'mock', 'small')$$, 'an attempt keeps what the provider said, at a bounded length');
rollback to append_attempts;

savepoint requeue;
\ir attempts.psql

-- Costs add up over the attempts.
select pg_temp.record(pg_temp.result_of('r1', 'timeout'));
update tollhouse_private.jobs set run_at = clock_timestamp();
select is(pg_temp.claimed(), 1::bigint, 'a call that is due again is claimed again');
select is(pg_temp.ends('success'), 'success attempted 2 547; sent usage 19; 547+0; breaker 0', 'a call costs what all its attempts cost');
savepoint second_attempt;
select pg_temp.record(pg_temp.result_of('r1', 'success'));
select results_eq('select cost_basis, cost_micro_usd, error_code from tollhouse_private.llm_api_calls', $$values ('reservation', 547::bigint, null::text)$$,
  'a cost that is partly a reservation says so, and a success has no error');
rollback to second_attempt;
select is(pg_temp.ends('cancelled', '{"sent": false}'), 'cancelled attempted 2 528; unsent none 0; 528+0; breaker 1', 'a provider that was attempted once was attempted');
rollback to running;

select pg_temp.record(pg_temp.result_of('r1', 'server_error', jsonb_build_object('http_status', 503, 'error_code', 'overloaded', 'error_message', repeat('x', 600), 'latency_ms', 12, 'provider_request_id', 'req_1')));
select results_eq('select state, worker_id, started_at, reserved_micro_usd, error_code from tollhouse_private.jobs', $$values ('scheduled', null::uuid, null::timestamptz, 0::bigint, 'overloaded')$$,
  'a call that waits for its next attempt is nobody''s');
rollback to requeue;

savepoint learn_overrun;
\ir scene.psql

create function pg_temp.reserved() returns bigint language sql as $$
  select j.reserved_micro_usd from tollhouse_private.jobs as j where j.state = 'running' order by j.call_id desc limit 1
$$;
-- One more call, answered with so many output tokens, at two micro-USD each. Returns what it reserved.
create function pg_temp.uses(p_request_id text, p_output_tokens bigint) returns bigint language plpgsql as $$
declare
  v_reserved bigint;
begin
  perform pg_temp.ask(p_request_id), pg_temp.claimed(1);
  v_reserved := pg_temp.reserved();
  perform tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
    select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'success',
      'input_tokens', 0, 'output_tokens', p_output_tokens, 'response', '{"content": "because"}'::jsonb))
    from tollhouse_private.jobs as j where j.state = 'running'));
  return v_reserved;
end
$$;
create function pg_temp.learned() returns numeric language sql as $$ select round(mo.factor, 3) from tollhouse_private.model_overruns as mo $$;
create function pg_temp.highest() returns numeric language sql as $$ select round(mo.highest, 3) from tollhouse_private.model_overruns as mo $$;
savepoint start;

create temporary table honest as select pg_temp.uses('r1', 1) as micro_usd;
select is_empty('select from tollhouse_private.model_overruns', 'usage within what a call can cost teaches nothing');
select pg_temp.uses('r2', (select micro_usd * 10000 from honest));
select is(pg_temp.highest(), 20000.000, 'usage beyond it is noted');
select is((select call_id from tollhouse_private.model_overruns), (select call_id from tollhouse_private.llm_api_calls where request_id = 'r2'), 'with the call that it was learned from');
select is(pg_temp.learned(), null, 'but what one call says alone, which may be a mistake, is not believed');
select is(pg_temp.uses('r3', (select micro_usd from honest)), (select micro_usd from honest), 'and costs nobody else a reservation');
select is(pg_temp.learned(), 2.000, 'what two calls have billed at least is');
select is(pg_temp.uses('r4', (select micro_usd / 2 from honest)), (select 2 * micro_usd from honest), 'each further call reserves that much more');
select is(pg_temp.learned(), 2.000, 'what is less than is known changes nothing');
select pg_temp.uses('r5', (select 3 * micro_usd / 2 from honest));
select is(pg_temp.learned(), 3.000, 'what is more is learned, as a multiple of what the call can cost, not of its reservation');
select is((select factor = pg_temp.learned() and highest = pg_temp.highest() and until = (current_date + 32)::timestamp at time zone 'UTC' from tollhouse_ops.model_overruns), true, 'operators see it, and until when');
select is(tollhouse_ops.forget_overrun('small', 'their mistake, credited'), true, 'an operator resets it');
select is((select target ->> 'model' from tollhouse_private.operator_audit where action = 'forget_overrun'), 'small', 'and it is audited');
select is(tollhouse_ops.forget_overrun('small', 'again'), false, 'once');
select is(pg_temp.uses('r6', 1), (select micro_usd from honest), 'after that calls reserve what they can cost');
rollback to start;

-- In one batch.
select pg_temp.ask('r1'), pg_temp.ask('r2'), pg_temp.ask('r3'), pg_temp.claimed(3);
select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
  select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'success',
    'input_tokens', 0, 'output_tokens', (right(j.request_id, 1)::integer + 1) * j.reserved_micro_usd / 2, 'response', '{"content": "because"}'::jsonb))
  from tollhouse_private.jobs as j));
select is((pg_temp.learned(), pg_temp.highest())::text, '(3.000,4.000)', 'of a batch, the second largest is learned');
rollback to start;

-- By hand, day by day.
create function pg_temp.says(p_call integer, p_factor numeric, p_at timestamptz) returns numeric language sql as $$
  select tollhouse_private.learn_overrun('small', lpad(p_call::text, 32, '0')::uuid, p_factor, p_at);
  select tollhouse_private.overrun_of('small', p_at)
$$;
select tollhouse_private.learn_overrun('nobody', gen_random_uuid(), 5, now());
select is_empty('select from tollhouse_private.model_overruns', 'a model that is gone teaches nothing');
select pg_temp.says(1, null, '2026-01-10 00:00Z');
select is_empty('select from tollhouse_private.model_overruns', 'nor does an unknown factor');
select pg_temp.says(1, 10, '2026-01-10 00:00Z');
select is(pg_temp.says(1, 20, '2026-01-10 00:00Z'), null, 'a call that is tried again is no second one');
select is(pg_temp.says(2, 10000000, '2026-01-10 23:59Z'), 20::numeric, 'two are one more than that');
select is(pg_temp.says(2, 10000000, '2026-01-10 23:59Z'), 20::numeric, 'who has said the most adds nothing by saying it again');
select is(pg_temp.says(3, 10000000, '2026-01-10 23:59Z'), 1000000::numeric, 'no model bills more than a million times too much');
select is(tollhouse_private.overrun_of('small', '2026-02-10 23:59:59Z'), 1000000::numeric, 'it holds for 31 days more');
select is(pg_temp.says(4, 3, '2026-01-11 23:59:59Z'), 1000000::numeric, 'whatever that brings');
select pg_temp.says(5, 4, '2026-01-11 23:59:59Z');
select is(tollhouse_private.overrun_of('small', '2026-02-11 00:00Z'), 3::numeric, 'then what later days have brought is left');
select is(tollhouse_private.overrun_of('small', '2026-02-12 00:00Z'), null, 'and after that, nothing');
select is(tollhouse_private.overrun_of('small', '2026-01-09 00:00Z'), null, 'a clock that goes back holds nothing that is ahead of it');
rollback to start;

-- Late.
select pg_temp.ask('r1'), pg_temp.ask('r2'), pg_temp.claimed(2);
create temporary table late as select j.tenant_id, j.call_id, j.attempts, j.reserved_micro_usd from tollhouse_private.jobs as j;
update tollhouse_private.workers set alive_until = now() - interval '1 second';
select tollhouse_worker.reap();
create function pg_temp.late(p_outcome text, p_more jsonb) returns void language sql as $$
  select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
    select jsonb_agg(jsonb_build_object('tenant_id', l.tenant_id, 'call_id', l.call_id, 'attempt', l.attempts, 'outcome', p_outcome,
      'input_tokens', 0, 'output_tokens', 2 * l.reserved_micro_usd, 'response', '{"content": "because"}'::jsonb) || p_more) from late as l))
$$;
savepoint lost;
select pg_temp.late('success', '{}');
select is(pg_temp.learned(), 4.000, 'late results teach too');
rollback to lost;
insert into tollhouse_private.model_overruns select 'small', day, 1.5, 1.5, gen_random_uuid(), pa.started_at + age
from (select min(started_at) as started_at from tollhouse_private.provider_attempts) as pa,
  (values (current_date, interval '0'), (current_date - 1, '1 second'), (current_date - 32, '0')) as known (day, age);
select pg_temp.late('success', '{}');
select is((select round(factor, 3) from tollhouse_private.model_overruns where day = current_date), 6.000, 'as multiples of what the reservation was one of when they were claimed');
rollback to lost;
select pg_temp.late('success', '{"output_tokens": 1}');
select is_empty('select from tollhouse_private.model_overruns', 'late results within it teach nothing');
rollback to learn_overrun;

savepoint settle;
\ir attempts.psql

select results_eq($$select reserved_micro_usd, spent_micro_usd from tollhouse_private.monthly_budgets$$, $$values (528::bigint, 0::bigint), (528, 0)$$, 'a running call holds its highest cost reserved');

-- The month that reserved is the month that pays.
update tollhouse_private.monthly_budgets set month = '2020-01-01';
update tollhouse_private.jobs set budget_month = '2020-01-01';
select pg_temp.record(pg_temp.result_of('r1', 'success'));
select results_eq('select distinct month, reserved_micro_usd, spent_micro_usd from tollhouse_private.monthly_budgets', $$values (date '2020-01-01', 0::bigint, 19::bigint)$$,
  'a call claimed in one month and ended in the next is paid by the first');
select is((select budget_month from tollhouse_private.provider_attempts), date '2020-01-01', 'and its attempt says so');
rollback to running;

-- The hour is booked with it.
select pg_temp.record(pg_temp.result_of('r1', 'server_error', jsonb_build_object('http_status', 503, 'error_code', 'overloaded', 'error_message', repeat('x', 600), 'latency_ms', 12, 'provider_request_id', 'req_1')));
select results_eq($$select user_id, calls, spent_micro_usd from tollhouse_private.hourly_spend order by user_id$$, $$values ('', 1::bigint, 0::bigint), ('ann', 1, 0)$$, 'the hour counts the attempt');
rollback to running;

create function pg_temp.ended(p_result jsonb) returns tollhouse_private.settlement[] language sql as $$
  select array(select jsonb_populate_record(
    jsonb_populate_record(null::tollhouse_private.settlement, jsonb_build_object('result', p_result)),
    jsonb_build_object('job', to_jsonb(tollhouse_private.work_of(j, null)))
  ) from tollhouse_private.jobs as j)
$$;
select throws_ok($$select tollhouse_private.settle(pg_temp.ended(null), now())$$, 'TH202', null, 'a call without a result can''t be settled');
select throws_ok($$select tollhouse_private.settle(pg_temp.ended('{"outcome": "shrug"}'), now())$$, 'TH202', null, 'nor one with an outcome that nobody knows');

select * from finish();
rollback;
