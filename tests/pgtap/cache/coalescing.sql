begin;
select plan(35);

-- A job of ann's at acme that may be claimed; a test says in what its own is different.
create function pg_temp.job(p_change jsonb default '{}') returns tollhouse_private.jobs language sql as $$
  select jsonb_populate_record(null::tollhouse_private.jobs, jsonb_build_object(
    'tenant_id', 'acme', 'user_id', 'ann', 'call_id', made.call_id, 'request_id', made.call_id, 'endpoint', 'route',
    'created_at', tollhouse_private.call_created_at(made.call_id), 'fingerprint', '\x00', 'request_bytes', 10,
    'max_output_tokens', 10, 'cache_scope', '', 'watermark', '', 'state', 'queued', 'run_at', now(), 'attempts', 0, 'unsent', 0,
    'reserved_micro_usd', 0, 'spent_micro_usd', 0, 'cost_basis', 'none', 'provider_attempted', false,
    'request', '{"prompt": "x"}'::jsonb
  ) || p_change)
  from tollhouse_private.new_call_id(clock_timestamp()) as made (call_id)
$$;
do $$
begin
  perform tollhouse_ops.set_provider('north', 'test'), tollhouse_ops.set_provider('south', 'test');
  perform tollhouse_ops.set_model('small', 'north', 'small-1', 'test'), tollhouse_ops.set_model('large', 'south', 'large-1', 'test');
  perform tollhouse_ops.set_price(m, k, 1000000, 'test')
  from unnest(array['small', 'large']) as m cross join unnest(array['input', 'output']) as k;
  perform tollhouse_ops.set_task_type(e, 'test', array['small', 'large'])
  from unnest(array['route', 'explanation', 'investigation', 'budget_optimization']) as e;
  perform tollhouse_worker.register('00000000-0000-4000-8000-000000000001', 'test', 100, 'test');
end
$$;
-- What a worker does with all that it may claim: every call ends the same way.
create function pg_temp.work(p_outcome text, p_limit integer default 100) returns integer language plpgsql as $$
declare
  v_results jsonb;
begin
  select jsonb_agg(jsonb_build_object(
    'tenant_id', c.tenant_id, 'call_id', c.call_id, 'attempt', c.attempt, 'outcome', p_outcome, 'latency_ms', 5,
    'input_tokens', 10, 'output_tokens', 20, 'reasoning_tokens', 5,
    'response', case p_outcome when 'success' then '{"content": "forty-two", "finish_reason": "stop"}'::jsonb end,
    'reasoning', case p_outcome when 'success' then 'six times seven' end,
    'metadata', case p_outcome when 'success' then '{"system_fingerprint": "fp"}'::jsonb end
  ))
  into v_results
  from tollhouse_worker.claim('00000000-0000-4000-8000-000000000001', p_limit) as c;
  return coalesce((
    select r.booked from tollhouse_worker.record('00000000-0000-4000-8000-000000000001', v_results) as r where v_results is not null
  ), 0);
end
$$;
-- Calls of one millisecond are in no order, so each gets a millisecond of its own.
create temporary sequence milliseconds;
create function pg_temp.asked(p_user_id text, p_request_id text, p_change jsonb default '{}') returns void language plpgsql as $$
begin
  perform set_config('tollhouse.tenant_id', 'acme', true), set_config('tollhouse.user_id', p_user_id, true);
  set local role tollhouse_client;
  perform tollhouse.enqueue_many(jsonb_build_array(
    '{"endpoint": "route", "request": {"prompt": "six times seven?"}}'::jsonb || jsonb_build_object('request_id', p_request_id) || p_change));
  reset role;
  with placed as (
    update tollhouse_private.jobs as j
    set created_at = t.at, call_id = tollhouse_private.new_call_id(t.at)
    from (select date_trunc('milliseconds', now()) + nextval('milliseconds') * interval '1 ms' as at) as t
    where j.request_id = p_request_id
    returning j.*
  )
  update tollhouse_private.request_keys as rk set call_id = p.call_id, created_at = p.created_at
  from placed as p where rk.tenant_id = p.tenant_id and rk.endpoint = p.endpoint and rk.request_id = p.request_id;
end
$$;
create function pg_temp.claimed() returns setof text language sql as $$
  select rk.request_id
  from tollhouse_worker.claim('00000000-0000-4000-8000-000000000001', 100) as c
  join tollhouse_private.request_keys as rk on rk.call_id = c.call_id
  order by 1
$$;
create function pg_temp.ended(p_request_id text, p_outcome text) returns void language sql as $$
  select tollhouse_worker.record('00000000-0000-4000-8000-000000000001', jsonb_build_array(jsonb_build_object(
    'tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', p_outcome,
    'input_tokens', 1, 'output_tokens', 1, 'response', '{"content": "forty-two", "finish_reason": "stop"}'::jsonb
  )))
  from tollhouse_private.jobs as j where j.request_id = p_request_id
$$;
create function pg_temp.states() returns text language sql as $$
  select string_agg(j.request_id || ' ' || j.state, ', ' order by j.request_id) from tollhouse_private.jobs as j
$$;
create function pg_temp.outcomes() returns text language sql as $$
  select string_agg(concat_ws(' ', c.request_id, c.status, c.blocked_reason, case when c.was_cached then 'cached' end, c.cost_micro_usd), ', ' order by c.request_id)
  from tollhouse_private.llm_api_calls as c
$$;
create function pg_temp.again() returns void language sql as $$
  delete from tollhouse_private.jobs; delete from tollhouse_private.llm_api_calls; delete from tollhouse_private.request_keys;
  delete from tollhouse_private.response_cache; delete from tollhouse_private.cache_flights;
$$;

-- One pays, the others wait.
do $$ begin perform pg_temp.asked('ann', 'r1'), pg_temp.asked('ann', 'r2'), pg_temp.asked('bob', 'r3'); end $$;
select results_eq('select pg_temp.claimed()', array['r1'], 'of identical calls in one claim, the oldest goes out');
select is(pg_temp.states(), 'r1 running, r2 coalesced, r3 coalesced', 'the others wait for it, another user''s too where the tenant shares answers');
do $$ begin perform pg_temp.asked('ann', 'r4'); end $$;
select is_empty('select pg_temp.claimed()', 'one that comes while it is in flight does not go out');
select is(pg_temp.states(), 'r1 running, r2 coalesced, r3 coalesced, r4 coalesced', 'but waits as well');
select is((select count(*) from tollhouse_private.cache_flights), 1::bigint, 'there is one flight');
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select is((select r.status from tollhouse.jobs as j cross join tollhouse.result(j.call_id) as r where j.request_id = 'r2'), 'queued', 'to its caller a waiting call is queued');
select matches((select e.why from tollhouse.explain('route', 'r2') as e), 'in flight already', 'and explain says what it waits for');
reset role;
do $$ begin perform pg_temp.ended('r1', 'success'); end $$;
select is(pg_temp.states(), 'r2 queued, r3 queued, r4 queued', 'the answer puts all that waited back into the queue');
select is((select count(*) from tollhouse_private.cache_flights), 0::bigint, 'the flight has landed');
select is_empty('select pg_temp.claimed()', 'the next claim has nothing to send');
select is(
  pg_temp.outcomes(), 'r1 success 2, r2 success cached 0, r3 success cached 0, r4 success cached 0',
  'for all of them are answered from the cache: one paid'
);
select is((select count(*) from tollhouse_private.provider_attempts), 1::bigint, 'one attempt on the bill');

-- What is not identical does not wait.
do $$
begin
  perform pg_temp.again();
  perform pg_temp.asked('ann', 'r1'), pg_temp.asked('ann', 'r2', '{"watermark": "v2"}'), pg_temp.asked('ann', 'r3', '{"use_cache": false}'),
    pg_temp.asked('ann', 'r4', '{"model": "small"}'), pg_temp.asked('ann', 'r5', '{"endpoint": "explanation"}'),
    pg_temp.asked('ann', 'r6', '{"endpoint": "investigation"}'), pg_temp.asked('bob', 'r7', '{"endpoint": "investigation"}'),
    pg_temp.asked('ann', 'r8', '{"request": {"prompt": "six times eight?"}}');
end
$$;
select results_eq(
  'select pg_temp.claimed()', array['r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8'],
  'another watermark, model, endpoint, question, another user''s personal answer, or no cache: each goes out'
);

-- The leader fails for good.
do $$
begin
  perform pg_temp.again();
  perform pg_temp.asked('ann', 'r1'), pg_temp.asked('ann', 'r2'), pg_temp.asked('ann', 'r3');
  perform pg_temp.claimed();
  perform pg_temp.ended('r1', 'rejected');
end
$$;
select is(pg_temp.states(), 'r2 queued, r3 queued', 'a leader that fails frees those that waited');
select results_eq('select pg_temp.claimed()', array['r2'], 'and one of them leads');
select is(pg_temp.states(), 'r2 running, r3 coalesced', 'the rest waits again');

-- The leader is tried again.
do $$
begin
  perform pg_temp.again();
  perform pg_temp.asked('ann', 'r1'), pg_temp.asked('ann', 'r2');
  perform pg_temp.claimed();
  perform pg_temp.ended('r1', 'server_error');
end
$$;
select is(pg_temp.states(), 'r1 scheduled, r2 coalesced', 'between two attempts of the leader the others keep waiting');
do $$ begin update tollhouse_private.jobs set state = 'queued' where request_id = 'r1'; end $$;
select results_eq('select pg_temp.claimed()', array['r1'], 'it leads its second attempt as well');

-- The leader is cancelled by its caller; the waiting call is another user's.
do $$
begin
  perform pg_temp.again();
  perform pg_temp.asked('ann', 'r1'), pg_temp.asked('bob', 'r2');
  perform pg_temp.claimed();
  perform pg_temp.ended('r1', 'server_error');
end
$$;
set local tollhouse.user_id = 'ann';
set local role tollhouse_client;
select is((select tollhouse.cancel(j.call_id) from tollhouse.jobs as j), 'cancelled', 'a leader between two attempts can be cancelled');
reset role;
select is(pg_temp.states(), 'r2 coalesced', 'it holds no lock on the flight meanwhile: the calls that wait for it are freed by a worker');
do $$ begin perform tollhouse_worker.set_idle('00000000-0000-4000-8000-000000000001', true); end $$;
select is(pg_temp.states(), 'r2 queued', 'that comes by and finds the leader gone');
select results_eq('select pg_temp.claimed()', array['r2'], 'that goes out now');

-- A waiting call is cancelled.
do $$ begin perform pg_temp.again(); perform pg_temp.asked('ann', 'r1'), pg_temp.asked('bob', 'r2'); perform pg_temp.claimed(); end $$;
set local tollhouse.user_id = 'bob';
set local role tollhouse_client;
select is((select tollhouse.cancel(j.call_id) from tollhouse.jobs as j), 'cancelled', 'a waiting call can be cancelled');
reset role;
select is(pg_temp.states(), 'r1 running', 'the leader flies on');
select is((select count(*) from tollhouse_private.cache_flights), 1::bigint, 'and still leads');

-- A guard after this one turns the leader away, in the very claim that made it the leader.
do $$ begin perform pg_temp.again(); perform pg_temp.asked('ann', 'r1', '{"max_cost_micro_usd": 0}'), pg_temp.asked('ann', 'r2'); end $$;
select is_empty('select pg_temp.claimed()', 'when the leader is refused, the call that waited for it does not go out in the same claim');
select is(pg_temp.states(), 'r2 queued', 'but it is back in the queue, not waiting for nobody');
select results_eq('select pg_temp.claimed()', array['r2'], 'and the next claim sends it');
select is(pg_temp.outcomes(), 'r1 blocked max_cost_exceeded 0', 'the refusal is on record');
select is_empty(
  $$
    select j.request_id from tollhouse_private.jobs as j
    where j.state = 'coalesced' and not exists (
      select from tollhouse_private.cache_flights as cf
      where (cf.tenant_id, cf.scope, cf.endpoint, cf.cache_key, cf.watermark) = (j.tenant_id, j.cache_scope, j.endpoint, j.cache_key, j.watermark)
    )
  $$,
  'nothing ever waits for a flight that is not there'
);

-- The guard by itself.
do $$ begin perform pg_temp.again(); end $$;
create temporary table batch as
select j from generate_series(1, 3) as n cross join lateral pg_temp.job(jsonb_build_object(
  'call_id', format('00000000-0000-7000-8000-00000000000%s', n), 'cache_key', case when n < 3 then '\x01' end)) as j;
select is_empty('select tollhouse_private.guard_coalescing(null, now())', 'no batch, no verdict');
select results_eq(
  $$select g.call_id, g.verdict from tollhouse_private.guard_coalescing(array(select b.j from batch as b), now()) as g$$,
  $$values ('00000000-0000-7000-8000-000000000002'::uuid, 'coalesced')$$,
  'of two with one key the later waits; one without a key is left alone'
);
select results_eq(
  $$select g.call_id, g.verdict from tollhouse_private.guard_coalescing(array(select b.j from batch as b), now()) as g$$,
  $$values ('00000000-0000-7000-8000-000000000002'::uuid, 'coalesced')$$,
  'asked again, it says the same: the leader still leads'
);
insert into tollhouse_private.response_cache
  (tenant_id, scope, endpoint, cache_key, watermark, origin_call_id, provider, model, cost_micro_usd, response, expires_at)
values ('acme', '', 'route', '\x01', '', gen_random_uuid(), 'north', 'small', 5, '{"content": "x"}', now() + interval '1 microsecond');
select results_eq(
  $$select g.call_id, g.verdict from tollhouse_private.guard_coalescing(array(select b.j from batch as b), now()) as g order by 1$$,
  $$values ('00000000-0000-7000-8000-000000000001'::uuid, 'cached'), ('00000000-0000-7000-8000-000000000002'::uuid, 'coalesced')$$,
  'a leader whose answer has arrived meanwhile does not pay for it again'
);
select lives_ok('select tollhouse_private.release_flights(null)', 'no flights, nothing to release');

select * from finish();
rollback;
