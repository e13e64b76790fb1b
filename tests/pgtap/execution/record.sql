begin;
select plan(67);

savepoint book_late;
\ir scene.psql
create function pg_temp.spent()
  returns text
  language sql
as $$
  select format('%s+%s', mb.spent_micro_usd, mb.reserved_micro_usd) from tollhouse_private.monthly_budgets as mb where mb.user_id = 'ann'
$$;

-- r1 is claimed, given up and due again; its first worker comes back with what it got.
select pg_temp.ask('r1');
select pg_temp.claimed();
create temporary table lost on commit drop as select * from tollhouse_private.jobs;
create function pg_temp.comes_back(p_outcome text, p_more jsonb default '{}', p_worker integer default 1)
  returns text
  language sql
as $$
  select format('%s booked, %s late', r.booked, r.late)
  from lost as l
  cross join lateral tollhouse_worker.record(lpad(p_worker::text, 32, '0')::uuid, jsonb_build_array(jsonb_build_object(
    'tenant_id', l.tenant_id, 'call_id', l.call_id, 'attempt', l.attempts, 'outcome', p_outcome, 'response', '{"content": "late"}'::jsonb) || p_more)) as r
$$;
select tollhouse_worker.deregister('00000000-0000-0000-0000-000000000001');
select is(pg_temp.spent(), '528+0', 'what a dead worker held is charged in full');
savepoint given_up;

select is(pg_temp.comes_back('success', '{"input_tokens": 5, "output_tokens": 7}'), '0 booked, 1 late', 'the result of an attempt that was given up is late');
select is(pg_temp.spent(), '19+0', 'it corrects the charge to what was used');
select results_eq('select attempt, late, outcome, cost_micro_usd, cost_basis from tollhouse_private.provider_attempts order by late',
  $$values (1, false, 'abandoned', 528::bigint, 'reservation'), (1, true, 'success', -509, 'usage')$$, 'by a row that carries the difference');
select is((select sum(cost_micro_usd) from tollhouse_private.provider_attempts), 19::numeric, 'so that the attempts add up to the bill');
select results_eq('select calls, spent_micro_usd from tollhouse_private.hourly_spend where user_id = ''ann''', 'values (1::bigint, 19::bigint)', 'the hour is corrected too, and counts the attempt once');
select results_eq('select state, attempts, spent_micro_usd from tollhouse_private.jobs', $$values ('scheduled', 1, 528::bigint)$$, 'the call itself goes its way');
select is((select count(*) from tollhouse_private.llm_api_calls) + (select count(*) from tollhouse_private.response_cache where expires_at is not null), 0::bigint, 'and is not answered by it');
select is(pg_temp.comes_back('success', '{"input_tokens": 5, "output_tokens": 7}'), '0 booked, 0 late', 'repeated it books nothing');
select is(pg_temp.comes_back('timeout'), '0 booked, 0 late', 'nor does another story');
select is(pg_temp.spent(), '19+0', 'and the charge stays');
rollback to given_up;

-- Given up in an hour that is over.
update tollhouse_private.provider_attempts set finished_at = finished_at - interval '1 hour';
update tollhouse_private.hourly_spend set hour = hour - interval '1 hour';
select pg_temp.comes_back('success', '{"input_tokens": 5, "output_tokens": 7}');
select results_eq($$select hour = date_trunc('hour', now() - interval '1 hour', 'UTC'), spent_micro_usd from tollhouse_private.hourly_spend where user_id = 'ann'$$, 'values (true, 19::bigint)', 'it is the hour that was charged which is corrected');
rollback to given_up;

select is(pg_temp.comes_back('success', '{"input_tokens": 5, "output_tokens": 1007}'), '0 booked, 1 late', 'a result can show that more was used');
select is(pg_temp.spent(), '2019+0', 'then the charge rises');
rollback to given_up;
select pg_temp.comes_back('timeout');
select is(pg_temp.spent(), '528+0', 'one that does not know what was used leaves the charge');
select is((select cost_basis from tollhouse_private.provider_attempts where late), 'reservation', 'and says that it is a reservation');
rollback to given_up;
select pg_temp.comes_back('rejected');
select is(pg_temp.spent(), '0+0', 'a refusal by the provider takes the charge back');
rollback to given_up;
select pg_temp.comes_back('success', '{"sent": false, "input_tokens": 5, "output_tokens": 7}');
select is(pg_temp.spent(), '0+0', 'so does a request that had not gone out');
rollback to given_up;
select pg_temp.comes_back('server_error');
select is(pg_temp.spent(), '0+0', 'so does a server error');
rollback to given_up;

select is(pg_temp.comes_back('success', '{"input_tokens": 5, "output_tokens": 7}', 2), '0 booked, 0 late', 'only the worker that held the attempt can correct it');
select is(pg_temp.comes_back('success', '{"attempt": 2, "input_tokens": 5, "output_tokens": 7}'), '0 booked, 0 late', 'and only that attempt');
select is(pg_temp.spent(), '528+0', 'anything else books nothing');
rollback to given_up;

-- The attempt has a successor already.
select tollhouse_worker.register('00000000-0000-0000-0000-000000000002', 'test', 10, 'test');
update tollhouse_private.jobs set run_at = clock_timestamp();
select pg_temp.claimed(100, '00000000-0000-0000-0000-000000000002');
select is(pg_temp.comes_back('success', '{"input_tokens": 5, "output_tokens": 7}') || '; ' || pg_temp.spent(), '0 booked, 1 late; 19+528', 'a late result leaves the running attempt''s reservation alone');
select results_eq('select state, worker_id, attempts from tollhouse_private.jobs', $$values ('running', '00000000-0000-0000-0000-000000000002'::uuid, 2)$$, 'and the attempt with its worker');
select is(pg_temp.comes_back('success', '{"attempt": 2, "input_tokens": 5, "output_tokens": 7}', 2) || '; ' || pg_temp.spent(), '1 booked, 0 late; 38+0', 'whose result is the call''s');

rollback to given_up;
select pg_temp.comes_back('success', '{"usage_doubtful": true, "input_tokens": 1, "cached_input_tokens": 20000000, "output_tokens": 7}');
select is(pg_temp.spent(), '20000014+0', 'a usage that contradicts itself is charged the most that it can mean');
select is((select (cost_micro_usd, cost_basis)::text from tollhouse_private.provider_attempts where late), '(19999486,usage)', 'as a correction of the reservation');
rollback to given_up;
select pg_temp.comes_back('success', '{"usage_doubtful": true, "input_tokens": 5, "cached_input_tokens": 6, "output_tokens": 7}');
select is(pg_temp.spent(), '528+0', 'where that is less, the reservation stays charged');
select is((select (cost_micro_usd, cost_basis)::text from tollhouse_private.provider_attempts where late), '(0,reservation)', 'and is corrected by nothing');
rollback to book_late;

savepoint record;
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
select is(
  pg_temp.record((select result || '{"attempt": 7}' from first_attempt), (select result from first_attempt)),
  '1 booked, 0 late', 'a result of an attempt that does not run keeps none of the same call out'
);
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
