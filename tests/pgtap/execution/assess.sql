begin;
select plan(50);

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

select * from finish();
rollback;
