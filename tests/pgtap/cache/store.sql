begin;
select plan(30);

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
-- An ended attempt of a call with a cache key.
create function pg_temp.ended(p_job jsonb default '{}', p_status text default 'success', p_answer text default 'forty-two')
  returns tollhouse_private.settlement language sql as $$
  select row(
    pg_temp.job('{"cache_key": "\\x01", "provider": "north", "model": "small"}'::jsonb || p_job),
    jsonb_populate_record(null::tollhouse_private.attempt_result, jsonb_build_object('outcome', p_status, 'response', jsonb_build_object('content', p_answer))),
    p_status, null, false, true, 'success', 7, 'usage', null
  )::tollhouse_private.settlement
$$;
create function pg_temp.stored(variadic p_settlements tollhouse_private.settlement[]) returns text language plpgsql as $$
begin
  delete from tollhouse_private.response_cache;
  perform tollhouse_private.store_answers(p_settlements, '2026-01-01 12:00:00+00');
  return (
    select string_agg(format('%s/%s %s %s until %s', rc.tenant_id, rc.scope, rc.response ->> 'content', rc.cost_micro_usd,
      to_char(rc.expires_at at time zone 'UTC', 'HH24:MI')), ', ' order by rc.tenant_id, rc.scope)
    from tollhouse_private.response_cache as rc
  );
end
$$;
select is(pg_temp.stored(pg_temp.ended()), 'acme/ forty-two 7 until 13:00', 'a success is kept for its endpoint''s cache lifetime, with what it cost');
select is(pg_temp.stored(pg_temp.ended('{"cache_scope": "ann"}')), 'acme/ann forty-two 7 until 13:00', 'for its user alone where the scope says so');
select is(pg_temp.stored(pg_temp.ended('{"cache_key": null}')), null, 'a call that may not use the cache leaves nothing in it');
select is(pg_temp.stored(pg_temp.ended('{}', status)), null, status || ' is no answer')
from unnest(array['failed', 'blocked', 'cancelled', null]) as status;
select is(
  pg_temp.stored(pg_temp.ended('{}', 'success', 'same'), pg_temp.ended('{}', 'success', 'same')), 'acme/ same 7 until 13:00',
  'two answers to one question in one batch are one entry'
);
select is(
  pg_temp.stored(pg_temp.ended(), pg_temp.ended('{"tenant_id": "globex"}')),
  'acme/ forty-two 7 until 13:00, globex/ forty-two 7 until 13:00', 'the same question of two tenants is two entries'
);
do $$
begin
  perform tollhouse_private.store_answers(array[pg_temp.ended('{"tenant_id": "globex"}', 'success', 'forty-three')], '2026-01-01 14:00:00+00');
end
$$;
select is(
  (select string_agg(concat_ws(' ', rc.response ->> 'content', to_char(rc.expires_at at time zone 'UTC', 'HH24:MI')), ', ' order by rc.tenant_id) from tollhouse_private.response_cache as rc),
  'forty-two 13:00, forty-three 15:00', 'a newer answer takes the place of the older, and lives from then on'
);

do $$ begin perform tollhouse_ops.set_task_type('route', 'test', p_cache_ttl => '5 minutes'); end $$;
select is(pg_temp.stored(pg_temp.ended()), 'acme/ forty-two 7 until 12:05', 'the lifetime is the endpoint''s');
do $$ begin perform tollhouse_ops.set_task_type('route', 'test', p_cache_ttl => '0'); end $$;
select is(pg_temp.stored(pg_temp.ended()), null, 'a lifetime of nothing keeps nothing');
do $$
begin
  perform tollhouse_ops.set_task_type('route', 'test', p_cache_ttl => '1 hour'), tollhouse_ops.set_capture_policy('acme', 'none', 'test');
end
$$;
select is(pg_temp.stored(pg_temp.ended()), null, 'a tenant of which nothing may be kept has no cache');
do $$ begin perform tollhouse_ops.set_capture_policy('acme', 'metadata', 'test'); end $$;
select is(pg_temp.stored(pg_temp.ended()), 'acme/ forty-two 7 until 13:00', 'one of which metadata may be kept has one, for the lifetime of the answer');
do $$
begin
  perform tollhouse_ops.set_capture_policy('acme', 'full', 'test'), tollhouse_ops.set_task_type('route', 'test', p_capture => 'none');
end
$$;
select is(pg_temp.stored(pg_temp.ended()), null, 'nor is an answer kept of an endpoint that keeps nothing');
do $$ begin perform tollhouse_ops.set_task_type('route', 'test', p_capture => 'full'); end $$;

do $$ begin perform pg_temp.stored(pg_temp.ended()); end $$;
select is(
  (select r.response ->> 'content' || ' ' || r.provider || ' ' || r.model || ' ' || r.saved_micro_usd
   from (select (tollhouse_private.cached_result(pg_temp.job('{"cache_key": "\\x01"}'))).*) as r),
  'forty-two north small 7', 'an entry comes back as a result, with its origin and what it cost'
);
select is(
  (select (tollhouse_private.cached_result(pg_temp.job('{"cache_key": "\\x01", "tenant_id": "globex"}'))).response), null,
  'but not for another tenant'
);

-- From enqueue to enqueue.
delete from tollhouse_private.response_cache;
create function pg_temp.asked(p_user_id text, p_endpoint text, p_request_id text, p_watermark text default '', p_use_cache boolean default true)
  returns text language plpgsql as $$
declare
  v_said text;
begin
  perform set_config('tollhouse.tenant_id', 'acme', true), set_config('tollhouse.user_id', p_user_id, true);
  set local role tollhouse_client;
  select concat_ws(' ', e.status, case when e.was_cached then 'from the cache' end) into v_said
  from tollhouse.enqueue(p_endpoint, '{"prompt": "six times seven?"}', p_request_id, p_watermark => p_watermark, p_use_cache => p_use_cache) as e;
  reset role;
  return v_said;
end
$$;
do $$
begin
  perform pg_temp.asked('ann', 'route', 'r1'), pg_temp.asked('ann', 'investigation', 'i1');
  perform pg_temp.work('success');
end
$$;
select is(pg_temp.asked('ann', 'route', 'r2'), 'success from the cache', 'the second identical request is answered by enqueue itself');
select is(pg_temp.asked('bob', 'route', 'r3'), 'success from the cache', 'at an endpoint whose answers the tenant shares, another user''s too');
select is(pg_temp.asked('ann', 'investigation', 'i2'), 'success from the cache', 'at one whose answers are personal, the same user''s');
select is(pg_temp.asked('bob', 'investigation', 'i3'), 'queued', 'and nobody else''s');
select is(pg_temp.asked('ann', 'explanation', 'e1'), 'queued', 'another endpoint answers for itself');
select is(pg_temp.asked('ann', 'route', 'r4', 'v2'), 'queued', 'with newer data the question is another');
select is(pg_temp.asked('ann', 'route', 'r5', '', false), 'queued', 'who does not want the cache does not get it');
select results_eq(
  $$
    select c.request_id, c.status, c.was_cached, c.provider_attempted, c.attempts, c.cost_micro_usd, c.cost_basis, c.provider, c.model
    from tollhouse_private.llm_api_calls as c where c.request_id in ('r2', 'r3', 'i2') order by 1
  $$,
  $$
    values
      ('i2', 'success', true, false, 0, 0::bigint, 'none', 'north', 'small'),
      ('r2', 'success', true, false, 0, 0, 'none', 'north', 'small'),
      ('r3', 'success', true, false, 0, 0, 'none', 'north', 'small')
  $$,
  'a cached call has its ledger row: no attempt, no cost, and whose answer it was'
);
select is_empty(
  $$
    select from tollhouse_private.provider_attempts as pa
    join tollhouse_private.llm_api_calls as c on c.tenant_id = pa.tenant_id and c.call_id = pa.call_id
    where c.was_cached
  $$,
  'and nothing that a provider could bill'
);
do $$ begin perform tollhouse_ops.set_task_type('route', 'test', array['large']); end $$;
select is(pg_temp.asked('ann', 'route', 'r6'), 'queued', 'other models give other answers');
do $$ begin perform tollhouse_ops.set_capture_policy('acme', 'none', 'test'); end $$;
select is(pg_temp.asked('ann', 'investigation', 'i4'), 'queued', 'from when nothing may be kept, nothing comes from the cache either');
select is((select j.cache_key from tollhouse_private.jobs as j where j.request_id = 'i4'), null, 'and the call waits for nobody else''s answer');

-- Upkeep leaves a margin, so that what a guard has just seen fresh can still be read.
update tollhouse_private.response_cache set expires_at = now() - interval '10 minutes' + interval '1 second';
update tollhouse_private.response_cache set expires_at = now() - interval '10 minutes' where endpoint = 'route';
do $$ begin perform tollhouse_worker.maintain(); end $$;
select results_eq('select rc.endpoint from tollhouse_private.response_cache as rc', array['investigation'], 'upkeep removes what expired ten minutes ago');

select * from finish();
rollback;
