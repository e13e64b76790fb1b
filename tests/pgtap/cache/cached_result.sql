begin;
select plan(15);

\ir ../job.psql
\ir ../two_providers.psql
-- An ended attempt of a call with a cache key.
create function pg_temp.ended(p_job jsonb default '{}', p_status text default 'success', p_answer text default 'forty-two')
  returns tollhouse_private.settlement language sql as $$
  select row(
    pg_temp.job('{"cache_key": "\\x01", "provider": "north", "model": "small"}'::jsonb || p_job),
    jsonb_populate_record(null::tollhouse_private.attempt_result, jsonb_build_object('outcome', p_status, 'response', jsonb_build_object('content', p_answer))),
    p_status, null, false, true, 'success', 7, 'usage', null
  )::tollhouse_private.settlement
$$;

do $$ begin perform tollhouse_private.store_answers(array[pg_temp.ended()], '2026-01-01 12:00:00+00'); end $$;
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
do $$ begin perform tollhouse_worker.prune(); end $$;
select results_eq('select rc.endpoint from tollhouse_private.response_cache as rc', array['investigation'], 'upkeep removes what expired ten minutes ago');

select * from finish();
rollback;
