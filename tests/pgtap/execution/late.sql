begin;
select plan(24);

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
create function pg_temp.ask(p_request_id text, p_endpoint text default 'route', p_request jsonb default null)
  returns uuid
  language sql
as $$
  select pg_temp.tick();
  select (tollhouse.enqueue(p_endpoint, coalesce(p_request, jsonb_build_object('prompt', p_request_id)), p_request_id)).call_id
$$;
create function pg_temp.claimed(p_limit integer default 100, p_worker_id uuid default '00000000-0000-0000-0000-000000000001')
  returns bigint
  language sql
as $$
  select count(*) from tollhouse_worker.claim(p_worker_id, p_limit)
$$;
-- A result as the worker reports it, of a call that is running.
create function pg_temp.result_of(p_request_id text, p_outcome text, p_more jsonb default '{}')
  returns jsonb
  language sql
as $$
  select jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', p_outcome)
    || case p_outcome when 'success' then '{"input_tokens": 5, "output_tokens": 7, "response": {"content": "because", "finish_reason": "stop"}}'::jsonb else '{}' end
    || p_more
  from tollhouse_private.jobs as j
  where j.request_id = p_request_id
$$;
create function pg_temp.record(variadic p_results jsonb[])
  returns text
  language sql
as $$
  select format('%s booked, %s late', r.booked, r.late)
  from tollhouse_worker.record('00000000-0000-0000-0000-000000000001', to_jsonb(p_results)) as r
$$;
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
select is((select spent_micro_usd from tollhouse_private.hourly_spend where user_id = 'ann'), 19::bigint, 'the hour is corrected too');
select results_eq('select state, attempts, spent_micro_usd from tollhouse_private.jobs', $$values ('scheduled', 1, 528::bigint)$$, 'the call itself goes its way');
select is((select count(*) from tollhouse_private.llm_api_calls) + (select count(*) from tollhouse_private.response_cache), 0::bigint, 'and is not answered by it');
select is(pg_temp.comes_back('success', '{"input_tokens": 5, "output_tokens": 7}'), '0 booked, 0 late', 'repeated it books nothing');
select is(pg_temp.comes_back('timeout'), '0 booked, 0 late', 'nor does another story');
select is(pg_temp.spent(), '19+0', 'and the charge stays');
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

select * from finish();
rollback;
