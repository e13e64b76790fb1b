begin;
select plan(34);

\ir ../job.psql
\ir ../two_providers.psql
insert into tollhouse_private.response_cache (tenant_id, cache_key, scope, call_id, upkeep_at, provider, model, cost_micro_usd, response, expires_at)
values ('acme', '\x01', '', gen_random_uuid(), now(), 'north', 'small', 5, '{"content": "x"}', '2026-01-01 12:00:00+00');

create function pg_temp.said(p_change jsonb default '{}', p_now timestamptz default '2026-01-01 11:00:00+00') returns text language sql as $$
  select string_agg(concat_ws(' ', g.verdict, g.reason, g.retry_at), ', ')
  from tollhouse_private.guard_cache(array[pg_temp.work('{"cache_key": "\\x01"}'::jsonb || p_change)], p_now) as g
$$;
select is(pg_temp.said(), 'cached', 'a fresh answer under the same key is found');
select is(pg_temp.said('{}', '2026-01-01 11:59:59.999999+00'), 'cached', 'until the last microsecond of its lifetime');
select is(pg_temp.said('{}', '2026-01-01 12:00:00+00'), null, 'at expires_at it is no longer fresh');
select is(pg_temp.said(v.change), null, v.why)
from (values
  ('{"cache_key": "\\x02"}'::jsonb, 'another question does not match'),
  ('{"cache_scope": "ann"}', 'a user''s own answers are not the tenant''s'),
  ('{"tenant_id": "globex"}', 'another tenant''s answer is never found'),
  ('{"provider_attempted": true}', 'what has been sent already is not answered from the cache'),
  ('{"cache_key": null}', 'a call that may not use the cache matches nothing')
) as v (change, why);
select is_empty('select tollhouse_private.guard_cache(null, now())', 'no batch, no verdict');

update tollhouse_private.response_cache set scope = 'ann';
select is(pg_temp.said('{"cache_scope": "ann"}'), 'cached', 'a user''s own answer is found for that user');
select is(pg_temp.said('{"cache_scope": "bob"}'), null, 'not for another');
select is(pg_temp.said('{"cache_scope": ""}'), null, 'and not for the tenant');


-- An answer that is kept with its call's content.
insert into tollhouse_private.response_cache (tenant_id, cache_key, scope, call_id, upkeep_at, provider, model, cost_micro_usd, expires_at)
values ('acme', '\x02', '', tollhouse_private.new_call_id(date_trunc('milliseconds', now())), now(), 'north', 'small', 7, '2026-01-01 12:00:00+00');
select is(pg_temp.said('{"cache_key": "\\x02"}'), null, 'an entry whose answer is not there is a miss, however fresh');
insert into tollhouse_private.call_content (tenant_id, call_id, created_at, user_id, response)
select rc.tenant_id, rc.call_id, tollhouse_private.call_created_at(rc.call_id), 'bob', '{"content": "forty-two"}'
from tollhouse_private.response_cache as rc where rc.response is null;
select is(pg_temp.said('{"cache_key": "\\x02"}'), 'cached', 'one whose answer is kept with its call is found');
select is(
  (tollhouse_private.cached_result(pg_temp.work('{"cache_key": "\\x02"}'))).response ->> 'content', 'forty-two',
  'and its answer is read, though it is another user''s content'
);
select is(pg_temp.said('{"cache_key": "\\x02", "tenant_id": "globex"}'), null, 'but not found by another tenant under the same key');
select is(
  (tollhouse_private.cached_result(pg_temp.work('{"cache_key": "\\x02", "tenant_id": "globex"}'))).response, null, 'nor read by one'
);
update tollhouse_private.response_cache set expires_at = null, provider = null, model = null, cost_micro_usd = null where response is null;
select is(pg_temp.said('{"cache_key": "\\x02"}'), null, 'while it is being fetched there is no answer');
select is((tollhouse_private.cached_result(pg_temp.work('{"cache_key": "\\x02"}'))).response, null, 'nor can one be read');

-- As a result.
update tollhouse_private.response_cache set cost_micro_usd = 7 where response is not null;
select is(
  (select r.response ->> 'content' || ' ' || r.provider || ' ' || r.model || ' ' || r.saved_micro_usd
   from (select (tollhouse_private.cached_result(pg_temp.work('{"cache_key": "\\x01", "cache_scope": "ann"}'))).*) as r),
  'x north small 7', 'an entry comes back as a result, with its origin and what it cost'
);
select is(
  (select (tollhouse_private.cached_result(pg_temp.work('{"cache_key": "\\x01", "cache_scope": "ann", "tenant_id": "globex"}'))).response), null,
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
  perform pg_temp.worked('success');
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
update tollhouse_private.response_cache set upkeep_at = now(), expires_at = now() - interval '10 minutes' + interval '1 second';
update tollhouse_private.response_cache set expires_at = now() - interval '10 minutes' where scope = '';
do $$ begin perform tollhouse_worker.prune(); end $$;
select results_eq('select rc.scope from tollhouse_private.response_cache as rc', array['ann'], 'upkeep removes what expired ten minutes ago');

select * from finish();
rollback;
