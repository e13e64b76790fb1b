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

select * from finish();
rollback;
