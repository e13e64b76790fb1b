begin;
select plan(37);

\ir scene.psql
create function pg_temp.refuses(p_results text, p_description text)
  returns text
  language sql
as $$
  select throws_ok(format('select tollhouse_worker.record(%L, %L)', '00000000-0000-0000-0000-000000000001', p_results), 'TH202', null, p_description)
$$;

select pg_temp.ask('r1');
select pg_temp.ask('r2');
select pg_temp.claimed();
create temporary table first_attempt on commit drop as select pg_temp.result_of('r1', 'success') as result;
savepoint running;

-- Booked once.
select is(pg_temp.record(pg_temp.result_of('r1', 'success'), pg_temp.result_of('r2', 'rejected')), '2 booked, 0 late', 'a batch of results is booked');
select results_eq('select request_id, status from tollhouse_private.llm_api_calls order by 1', $$values ('r1', 'success'), ('r2', 'failed')$$, 'each call with its own');
select results_eq('select reserved_micro_usd, spent_micro_usd from tollhouse_private.monthly_budgets', $$values (0::bigint, 19::bigint), (0, 19)$$, 'and its own cost');
select is(pg_temp.record((select result from first_attempt)), '0 booked, 0 late', 'the same results again book nothing');
select is((select count(*) from tollhouse_private.llm_api_calls), 2::bigint, 'there is one ledger row a request');
select is((select count(*) from tollhouse_private.provider_attempts), 2::bigint, 'one row an attempt');
select is((select spent_micro_usd from tollhouse_private.monthly_budgets where user_id = ''), 19::bigint, 'and no cost twice');
rollback to running;
select is(pg_temp.record((select result from first_attempt), (select result from first_attempt)), '1 booked, 0 late', 'a result that comes twice in a batch counts once');
rollback to running;
select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
  select jsonb_agg(case when n <= 2 then r.result else r.result - 'response' || '{"outcome": "rejected"}' end order by n)
  from generate_series(1, 200) as n
  cross join lateral (select case n % 2 when 0 then pg_temp.result_of('r1', 'success') else pg_temp.result_of('r2', 'success') end as result) as r
));
select results_eq('select request_id, status from tollhouse_private.llm_api_calls order by 1', $$values ('r1', 'success'), ('r2', 'success')$$, 'of several results of one attempt the first counts');
rollback to running;

-- The fence.
select is((select r.booked from tollhouse_worker.record('00000000-0000-0000-0000-000000000002', (select jsonb_build_array(result) from first_attempt)) as r), 0, 'another worker books nothing');
select is(pg_temp.record((select result || '{"attempt": 2}' from first_attempt)), '0 booked, 0 late', 'an attempt that does not run books nothing');
select is(pg_temp.record((select result || '{"tenant_id": "globex"}' from first_attempt)), '0 booked, 0 late', 'a call of another tenant is not this one');
select is(pg_temp.record((select result || '{"call_id": "00000000-0000-0000-0000-000000000000"}' from first_attempt)), '0 booked, 0 late', 'a call that never was books nothing');
select is((select count(*) from tollhouse_private.jobs where state = 'running'), 2::bigint, 'and the calls run on');
select pg_temp.record(pg_temp.result_of('r1', 'not_sent'));
select pg_temp.claimed();
select is(pg_temp.record((select result from first_attempt)), '0 booked, 0 late', 'the result of an earlier attempt is not the later one''s');
rollback to running;
select is(pg_temp.record((select result || '{"attempt": 7}' from first_attempt), pg_temp.result_of('r2', 'success')), '1 booked, 0 late', 'what is fenced off costs the rest of the batch nothing');
rollback to running;
select is((select format('%s %s', r.booked, r.late) from tollhouse_worker.record('00000000-0000-0000-0000-000000000001', '[]') as r), '0 0', 'an empty batch books nothing');

-- Malformed results book nothing at all.
select pg_temp.refuses(null, 'null is refused');
select pg_temp.refuses('{}', 'an object is no batch');
select pg_temp.refuses('[{}]', 'a result says whose it is');
select pg_temp.refuses((select jsonb_build_array(result - 'tenant_id') from first_attempt)::text, 'which tenant''s');
select pg_temp.refuses((select jsonb_build_array(result - 'attempt') from first_attempt)::text, 'which attempt''s');
select pg_temp.refuses((select jsonb_build_array(result - 'outcome') from first_attempt)::text, 'and how it ended');
select pg_temp.refuses((select jsonb_build_array(result || '{"outcome": "shrug"}') from first_attempt)::text, 'in a way that is known');
select pg_temp.refuses((select jsonb_build_array(result - 'response') from first_attempt)::text, 'a success has a response');
select pg_temp.refuses((select jsonb_build_array(result || '{"response": "x"}') from first_attempt)::text, 'that is an object');
select pg_temp.refuses((select jsonb_build_array(result || '{"input_tokens": -1}') from first_attempt)::text, 'no tokens are negative');
select pg_temp.refuses((select jsonb_build_array(result || '{"cached_input_tokens": 6}') from first_attempt)::text, 'nor more of them cached than there were');
select pg_temp.refuses((select jsonb_build_array(result || '{"reasoning_tokens": 8}') from first_attempt)::text, 'nor more of them reasoning');
select throws_ok(
  format('select tollhouse_worker.record(%L, %L)', '00000000-0000-0000-0000-000000000001', (
    select jsonb_build_array(pg_temp.result_of('r2', 'success'), result || '{"input_tokens": 2147483648}') from first_attempt
  )),
  'TH202', 'unreadable result', 'a number that no integer holds refuses its batch'
);
select is(
  tollhouse_private.unreadable_result((select jsonb_build_array(result, result || '{"input_tokens": 2147483648}') from first_attempt)),
  format('result 2 of the array, call %s: value "2147483648" is out of range for type integer', (select result ->> 'call_id' from first_attempt)),
  'and the error says which result, and what is wrong with it'
);
select pg_temp.refuses('[null]', 'null is no result');
select pg_temp.refuses((select jsonb_build_array(result || '{"call_id": "x"}') from first_attempt)::text, 'nor is what is of another type');
select pg_temp.refuses((select jsonb_build_array(pg_temp.result_of('r2', 'success'), result - 'outcome') from first_attempt)::text, 'one malformed result refuses its batch');
select is((select count(*) from tollhouse_private.jobs where state = 'running'), 2::bigint, 'and nothing of it is booked');

-- Hints that a result can't give.
select pg_temp.record(pg_temp.result_of('r1', 'success', '{"provider": "evil", "model": "evil", "cost_micro_usd": 0, "latency_ms": 3}'));
select results_eq('select provider, model, cost_micro_usd from tollhouse_private.llm_api_calls', $$values ('mock', 'small', 19::bigint)$$, 'where it ran and what it cost is not for the worker to say');
select results_eq('select content from tollhouse.result((select call_id from tollhouse_private.llm_api_calls))', array['because'], 'what it answered is');

select * from finish();
rollback;
