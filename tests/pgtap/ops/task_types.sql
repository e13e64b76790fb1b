begin;
select plan(39);

-- check_materializer
savepoint apart;
\ir ../one_provider.psql
create role th_pgtap_both login in role tollhouse_operator, tollhouse_client;
create schema app authorization th_pgtap_both;
create function pg_temp.offered(p_name text)
  returns text
  language plpgsql
as $$
begin
  return coalesce(tollhouse_private.check_materializer(p_name), 'null');
exception
  when sqlstate 'TH303' then return 'refused';
end
$$;
create function public.admins(text, text, uuid, timestamptz, jsonb, jsonb) returns void language sql as 'select';
create function public.ours(text, text, uuid, timestamptz, jsonb, jsonb) returns void language sql as 'select';
alter function public.ours(text, text, uuid, timestamptz, jsonb, jsonb) owner to tollhouse_owner;
create function public.theirs(text, text, uuid, timestamptz, jsonb, jsonb) returns void language sql as 'select';
alter function public.theirs(text, text, uuid, timestamptz, jsonb, jsonb) owner to th_pgtap_both;
create function app.admins(text, text, uuid, timestamptz, jsonb, jsonb) returns void language sql as 'select';
create function pg_temp.admins(text, text, uuid, timestamptz, jsonb, jsonb) returns void language sql as 'select';

select is(pg_temp.offered('tollhouse_private.materialize_investigation'), 'tollhouse_private.materialize_investigation', 'one that comes with us is taken');
select is(pg_temp.offered('public.ours'), 'public.ours', 'so is one that our owner has');
select is(pg_temp.offered('public.admins'), 'public.admins', 'and a superuser''s');
select is(pg_temp.offered('public.theirs'), 'refused', 'anybody else''s is refused: it would run with our rights');
select is(pg_temp.offered('app.admins'), 'refused', 'so is one in a schema whose owner could drop it and put another in its place');
select is(pg_temp.offered('pg_temp.admins'), 'refused', 'and a temporary one');
select is(pg_temp.offered(pg_my_temp_schema()::regnamespace || '.admins'), 'refused', 'under its real name too');
select is(pg_temp.offered('public.nowhere'), 'refused', 'one that does not exist is refused');
select is(pg_temp.offered(null), 'refused', 'and null');

-- The attack: an operator who is a client too has a function of their own run by whoever closes the call.
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'first');
select tollhouse_worker.claim('00000000-0000-0000-0000-000000000001', 1);
select tollhouse_worker.record('00000000-0000-0000-0000-000000000001', (
  select jsonb_agg(jsonb_build_object('tenant_id', j.tenant_id, 'call_id', j.call_id, 'attempt', j.attempts, 'outcome', 'success',
    'input_tokens', 5, 'output_tokens', 7, 'response', '{"content": "because", "finish_reason": "stop"}'::jsonb))
  from tollhouse_private.jobs as j));
select is((select count(*) from tollhouse_private.response_cache), 1::bigint, 'an answer is in the cache');
set local session authorization th_pgtap_both;
create function pg_temp.evil(text, text, uuid, timestamptz, jsonb, jsonb)
  returns void
  language plpgsql
as $$
begin
  execute 'grant delete on tollhouse_private.llm_api_calls to tollhouse_operator';
  execute 'alter table tollhouse_private.deliveries disable row level security';
end
$$;
do $$
begin
  perform tollhouse_ops.set_task_type('route', 'trust me', p_materializer => 'pg_temp.evil');
exception
  when sqlstate 'TH303' then null;
end
$$;
select tollhouse.enqueue('route', '{"prompt": "why?"}', 'second');
set local session authorization default;
select is((select was_cached from tollhouse_private.llm_api_calls where request_id = 'second'), true, 'the next call is closed by its own caller''s transaction');
select is(has_table_privilege('tollhouse_operator', 'tollhouse_private.llm_api_calls', 'delete'), false, 'and nobody has got a right on the ledger');
select is((select relrowsecurity from pg_class where oid = 'tollhouse_private.deliveries'::regclass), true, 'nor row security off');
rollback to apart;

-- set_task_type
\ir scene.psql
do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test');
  perform tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test');
  perform tollhouse_ops.set_model('fresh', 'mock', 'x', 'test');
end
$$;

-- Endpoints.
select is(pg_temp.leaves($$set_task_type('route', 'test', array['small'], p_timeout_ms => 5000)$$), 1::bigint, 'an endpoint is changed, and it is audited');
select results_eq($$select models, timeout_ms, max_attempts, max_output_tokens, cache_scope from tollhouse_private.task_types where endpoint = 'route'$$,
  $$values (array['small'], 5000, 3, 256, 'tenant')$$, 'what is not given stays as it is');
select matches(pg_temp.audited(), '"timeout_ms": 15000.*"timeout_ms": 5000', 'before and after are on record');
select is(pg_temp.leaves($$set_task_type('summary', 'test', array['small', 'fresh'], 1000, 5, 10, 99, 1000, '1 day', 'tenant', 'none', false)$$), 1::bigint, 'a new endpoint is made');
select results_eq($$select models, timeout_ms, max_attempts, backoff_ms, max_output_tokens, max_request_bytes, cache_ttl, cache_scope, capture, retries_abandoned, materializer from tollhouse_private.task_types where endpoint = 'summary'$$,
  $$values (array['small', 'fresh'], 1000, 5, 10, 99, 1000, interval '1 day', 'tenant', 'none', false, null::text)$$, 'with all that is asked of it');
select pg_temp.refuses('TH301', $$set_task_type('other', null)$$, 'that takes a reason');
select is_empty($$select from tollhouse_private.task_types where endpoint = 'other'$$, 'without one nothing is made');
select pg_temp.refuses('TH303', $$set_task_type('a b', 'test')$$, 'a malformed name is refused');
select pg_temp.refuses('TH302', $$set_task_type('route', 'test', array['huge'])$$, 'an unknown model is refused');
select pg_temp.refuses('TH302', $$set_task_type('route', 'test', array[null])$$, 'so is a null one');
select pg_temp.refuses('TH303', $$set_task_type('route', 'test', p_timeout_ms => 99)$$, 'a timeout that nothing meets is refused');
select pg_temp.refuses('TH303', $$set_task_type('route', 'test', p_max_attempts => 0)$$, 'no attempt is refused');
select pg_temp.refuses('TH303', $$set_task_type('route', 'test', p_max_output_tokens => 0)$$, 'no output is refused');
select pg_temp.refuses('TH303', $$set_task_type('route', 'test', p_cache_ttl => '-1 s')$$, 'a lifetime below none is refused');
select pg_temp.refuses('TH303', $$set_task_type('route', 'test', p_cache_ttl => '293000 years')$$, 'nor one without end');
select pg_temp.refuses('TH303', $$set_task_type('route', 'test', p_cache_scope => 'world')$$, 'answers are never shared by all tenants');
select pg_temp.refuses('TH303', $$set_task_type('route', 'test', p_capture => 'some')$$, 'a capture policy that does not exist is refused');

-- Materializers: what is stored is executed later.
create function public.keep(text, text, uuid, timestamptz, jsonb, jsonb) returns void language sql as '';
select pg_temp.leaves($$set_task_type('route', 'test', p_materializer => 'public.keep')$$);
select is((select materializer from tollhouse_private.task_types where endpoint = 'route'), 'public.keep', 'a materializer is named with its schema');
select pg_temp.leaves($$set_task_type('route', 'test')$$);
select is((select materializer from tollhouse_private.task_types where endpoint = 'route'), 'public.keep', 'null leaves it');
select pg_temp.leaves($$set_task_type('route', 'test', p_materializer => '')$$);
select is((select materializer from tollhouse_private.task_types where endpoint = 'route'), null, 'an empty text takes it away');
create function public."Keep; drop"(text, text, uuid, timestamptz, jsonb, jsonb) returns void language sql as '';
select pg_temp.leaves($$set_task_type('route', 'test', p_materializer => 'public."Keep; drop"')$$);
select is((select materializer from tollhouse_private.task_types where endpoint = 'route'), 'public."Keep; drop"', 'an odd name is kept quoted');
select pg_temp.refuses('TH303', $$set_task_type('route', 'test', p_materializer => 'keep')$$, 'without a schema it is refused');
select pg_temp.refuses('TH303', $$set_task_type('route', 'test', p_materializer => 'public.gone')$$, 'one that does not exist is refused');
select pg_temp.refuses('TH303', $$set_task_type('route', 'test', p_materializer => 'pg_catalog.now')$$, 'so is one that takes other arguments');
select pg_temp.refuses('TH303', $$set_task_type('route', 'test', p_materializer => 'public.keep(text); drop table x')$$, 'and what is no name');
select pg_temp.refuses('TH303', $$set_task_type('route', 'test', p_materializer => 'a.b.c.d')$$, 'or too many');

select * from finish();
rollback;
