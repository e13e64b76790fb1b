begin;
select plan(7);

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
select is(pg_temp.told(), 'Answered by small after 1 attempt. | Nothing: it is over.', 'an answer names its model');
select tollhouse.enqueue('route', '{"prompt": "b", "max_tokens": 100}', 'r2');
select is(pg_temp.told('r2'), 'Answered from the cache, free of charge. | Nothing: it is over.', 'a cached one says so');
rollback to asked;
select pg_temp.claimed();
select pg_temp.record('rejected', 'invalid_request', 'no such thing');
select is(pg_temp.told(), 'Failed after 1 attempt, at a cost of 0 USD. The last one, model small at provider mock, ended with invalid_request. | Read last_error; to try again, enqueue under a new request id.', 'a failure names where, why and what it cost');
rollback to asked;
select tollhouse.cancel((select call_id from tollhouse_private.jobs));
select is(pg_temp.told(), 'It was cancelled. | Nothing: it is over.', 'a cancelled one was cancelled');
rollback to asked;
update tollhouse_private.jobs set attempts = 2;
select pg_temp.claimed();
select pg_temp.record('not_configured', 'not_configured');
select is(pg_temp.told(), 'Failed after 3 attempts, none of which could be sent. | Read last_error; to try again, enqueue under a new request id.', 'what never left says so');
rollback to asked;
select tollhouse_ops.stop_everything('test');
select pg_temp.claimed();
select matches(pg_temp.told(), '^An operator has stopped calls like this one with a kill switch on everything', 'a refusal names its guard');
rollback to asked;
select is(pg_temp.told(), null, 'what is not over has no such sentence');

select * from finish();
rollback;
