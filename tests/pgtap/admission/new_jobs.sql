begin;
select plan(33);

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

create function pg_temp.job(
  p_request jsonb default '{"prompt": "why?"}', p_endpoint text default 'route', p_model text default null, p_watermark text default '',
  p_use_cache boolean default true, p_run_at timestamptz default null, p_request_id text default 'r1', p_metadata jsonb default null
)
  returns tollhouse_private.jobs
  language sql
as $$
  select n.jobs[1]
  from tollhouse_private.new_jobs(tollhouse_private.current_tenant_id(), tollhouse_private.current_user_id(), array[
    row(p_endpoint, p_request, p_request_id, p_model, p_watermark, p_use_cache, null, p_run_at, p_metadata)::tollhouse_private.asked_call
  ], '2030-01-15 12:00:00.123456Z') as n
$$;

select results_eq(
  $$select tenant_id, user_id, endpoint, request_id, state, attempts, reserved_micro_usd, worker_id, provider_attempted, cost_basis from pg_temp.job()$$,
  $$values ('acme', 'ann', 'route', 'r1', 'queued', 0, 0::bigint, null::uuid, false, 'none')$$,
  'a new job is its caller''s, queued, and has cost nothing');
select is((pg_temp.job()).created_at, '2030-01-15 12:00:00.123Z'::timestamptz, 'it is created to the millisecond');
select is(tollhouse_private.call_created_at((pg_temp.job()).call_id), '2030-01-15 12:00:00.123Z'::timestamptz, 'and its id says when');
select is((pg_temp.job(p_request_id => null)).request_id is not null, true, 'without a request id one is made');
select is((j).request_id, (j).call_id::text, 'it is the call''s own') from (select pg_temp.job(p_request_id => null) as j offset 0) as made;

-- When it runs.
select is((pg_temp.job(p_run_at => '2030-01-15 12:00:01Z')).state, 'scheduled', 'a time ahead schedules');
select is((pg_temp.job(p_run_at => '2030-01-15 11:00Z')).state, 'queued', 'a time gone by queues');
select is((pg_temp.job(p_run_at => '2030-01-15 11:00Z')).run_at, '2030-01-15 12:00:00.123456Z'::timestamptz, 'as of now');

-- What it may answer with.
select is((pg_temp.job()).max_output_tokens, 256, 'a call that names no limit gets its endpoint''s');
select is((pg_temp.job('{"prompt": "why?", "max_tokens": 10}')).max_output_tokens, 10, 'max_tokens lowers it');
select is((pg_temp.job('{"prompt": "why?", "max_completion_tokens": 256}')).max_output_tokens, 256, 'max_completion_tokens may reach it');
select is((pg_temp.job('{"prompt": "é"}')).request_bytes, octet_length('{"prompt": "é"}'), 'a request''s size is counted in bytes, which bound its tokens');

-- What is the same request.
select is((pg_temp.job('{"a": 1, "prompt": "why?"}'::jsonb - 'a')).fingerprint, (pg_temp.job()).fingerprint, 'the same request has the same fingerprint');
select isnt((pg_temp.job(p_watermark => 'w2')).fingerprint, (pg_temp.job()).fingerprint, 'another watermark is another request');
select isnt((pg_temp.job(p_model => 'small')).fingerprint, (pg_temp.job()).fingerprint, 'asking for a model is another request');
select is((pg_temp.job(p_metadata => '{"a": 1}')).fingerprint, (pg_temp.job()).fingerprint, 'what is attached to it is not part of it');

-- What may share an answer.
select is((pg_temp.job(p_request_id => 'r2', p_metadata => '{"a": 1}')).cache_key, (pg_temp.job()).cache_key, 'the same question has the same cache key');
select isnt((pg_temp.job(p_watermark => 'w2')).cache_key, (pg_temp.job()).cache_key, 'with newer data it is another');
select isnt((pg_temp.job(p_watermark => 'w2')).cache_key, (pg_temp.job(p_watermark => 'w3')).cache_key, 'and another again');
select isnt((pg_temp.job(p_endpoint => 'explanation')).cache_key, (pg_temp.job()).cache_key, 'each endpoint answers for itself');
create temporary table asked on commit drop as select (pg_temp.job()).cache_key as shared, (pg_temp.job(p_endpoint => 'investigation')).cache_key as personal;
select tollhouse.set_identity('acme', 'bob');
select is((pg_temp.job()).cache_key, (select shared from asked), 'users share it where the tenant shares answers');
select isnt((pg_temp.job(p_endpoint => 'investigation')).cache_key, (select personal from asked), 'and have their own where answers are personal');
select tollhouse.set_identity('globex', 'ann');
select isnt((pg_temp.job()).cache_key, (select shared from asked), 'no two tenants share one');
select tollhouse.set_identity('acme', 'ann');
select isnt((pg_temp.job('{"prompt": "why not?"}')).cache_key, (pg_temp.job()).cache_key, 'another question has another cache key');
select isnt((pg_temp.job(p_model => 'small')).cache_key, (pg_temp.job()).cache_key, 'another model too');
select is((pg_temp.job(p_use_cache => false)).cache_key, null, 'who wants no cache has no key');
select is((pg_temp.job(p_use_cache => null)).cache_key, null, 'null is no wish for it either');
select is((pg_temp.job()).cache_scope || '/' || (pg_temp.job(p_endpoint => 'investigation')).cache_scope, '/ann', 'an endpoint shares answers in the tenant or keeps them to the user');
savepoint policies;
select tollhouse_ops.set_capture_policy('acme', 'none', 'test');
select is((pg_temp.job()).cache_key, null, 'a tenant that lets nothing be kept has nothing cached');
rollback to policies;
select tollhouse_ops.set_task_type('route', 'test', p_cache_ttl => '0');
select is((pg_temp.job()).cache_key, null, 'an endpoint whose answers are never fresh has no cache');
rollback to policies;
create temporary table before on commit drop as select (pg_temp.job()).cache_key;
select tollhouse_ops.set_model('large', 'mock', 'mock-large', 'test');
select tollhouse_ops.set_task_type('route', 'test', array['large', 'small']);
select isnt((pg_temp.job()).cache_key, (select cache_key from before), 'when an endpoint gets other models, what the old ones answered is not its answer');
select throws_ok($$select tollhouse.enqueue('route', '{"prompt": "x"}', p_watermark => null)$$, 'TH108', null, 'a null watermark is refused, not taken for none');

-- A batch.
select is(
  (
    select array_agg(j.request_id order by j.call_id)
    from unnest((
      select n.jobs
      from tollhouse_private.new_jobs('acme', 'ann', array(
        select row('route', '{"prompt": "why?"}', lpad(i::text, 3, '0'), null, '', true, null, null, null)::tollhouse_private.asked_call
        from generate_series(100, 1, -1) as i
      ), now()) as n
    )) as j
  ),
  array(select lpad(i::text, 3, '0') from generate_series(1, 100) as i), 'a batch''s ids ascend in its order, so its first call is the oldest'
);

select * from finish();
rollback;
