begin;
select plan(26);

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
