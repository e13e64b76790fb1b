begin;
select plan(72);

-- What the last call left: action, target, reason, before and after.
create function pg_temp.audited()
  returns text
  language sql
as $$
  select concat_ws(' | ', a.action, a.target, a.reason, a.before, a.after) from tollhouse_private.operator_audit as a order by a.id desc limit 1
$$;
create function pg_temp.audits()
  returns bigint
  language sql
as $$
  select count(*) from tollhouse_private.operator_audit
$$;
-- Runs it; how many audit rows it left.
create function pg_temp.leaves(p_call text)
  returns bigint
  language plpgsql
as $$
declare
  v_before bigint := pg_temp.audits();
begin
  execute 'select tollhouse_ops.' || p_call;
  return pg_temp.audits() - v_before;
end
$$;
create function pg_temp.refuses(p_errcode text, p_call text, p_description text)
  returns text
  language sql
as $$
  select throws_ok('select tollhouse_ops.' || p_call, p_errcode, null, p_description)
$$;
-- Providers.
select is(pg_temp.leaves($$set_provider('mock', 'new')$$), 1::bigint, 'a provider is made known, and it is audited');
select matches(pg_temp.audited(), '^set_provider \| {"provider": "mock"} \| new \| {.*"failure_threshold": 5.*}$', 'with nothing before and its numbers after');
select pg_temp.leaves($$set_provider('mock', 'patient', 9, '1 minute', '2 minutes', 50, 0.9)$$);
select results_eq('select * from tollhouse_private.providers', $$values ('mock'::tollhouse_private.identifier, 9, interval '1 minute', interval '2 minutes', 50, 0.9)$$, 'its breakers can be tuned');
select matches(pg_temp.audited(), '"failure_threshold": 5.*"failure_threshold": 9', 'before and after are on record');
select pg_temp.refuses('TH301', $$set_provider('mock', null)$$, 'that takes a reason');
select pg_temp.refuses('TH303', $$set_provider('a b', 'test')$$, 'a malformed name is refused');
select pg_temp.refuses('TH303', $$set_provider(null, 'test')$$, 'so is none');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', 0)$$, 'a threshold of no failure is refused');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', 1001)$$, 'or of too many');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', null)$$, 'or null');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', p_cooldown => '0')$$, 'a cool-down of no time is refused');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', p_window => '-1 s')$$, 'a window of less than no time too');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', p_window_min_calls => 0)$$, 'and of no call');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', p_window_failure_share => 1.1)$$, 'and a share above the whole');

-- Models.
select is(pg_temp.leaves($$set_model('small', 'mock', 'mock-small-2030', 'new')$$), 1::bigint, 'a model is made known, and it is audited');
select is(pg_temp.audited(), 'set_model | {"model": "small"} | new | {"model": "small", "provider": "mock", "provider_model": "mock-small-2030"}', 'with where it is served');
select pg_temp.leaves($$set_model('small', 'mock', 'mock-small-2031', 'newer')$$);
select matches(pg_temp.audited(), 'mock-small-2030.*mock-small-2031', 'a change has both on record');
select pg_temp.refuses('TH301', $$set_model('small', 'mock', 'x', '')$$, 'that takes a reason');
select pg_temp.refuses('TH302', $$set_model('small', 'nobody', 'x', 'test')$$, 'an unknown provider is refused');
select pg_temp.refuses('TH303', $$set_model('a b', 'mock', 'x', 'test')$$, 'a malformed name is refused');
select pg_temp.refuses('TH303', $$set_model('small', 'mock', '', 'test')$$, 'a model has a name at its provider');
select pg_temp.refuses('TH303', $$set_model('small', 'mock', null, 'test')$$, 'and not null');
select pg_temp.refuses('TH303', $$set_model('small', 'mock', repeat('x', 257), 'test')$$, 'nor an endless one');

-- Prices.
select is(pg_temp.leaves($$set_price('small', 'input', 2500000, 'list', '2030-01-01Z')$$), 1::bigint, 'a price is set, and it is audited');
select matches(pg_temp.audited(), '^set_price \| {"kind": "input", "model": "small"} \| list \| {"effective_from": "20(30-01-01|29-12-31).*", "micro_usd_per_million": 2500000}$', 'with the time from which it holds');
select is(pg_temp.leaves($$set_price('small', k, 0, 'list')$$ || $$ from unnest(array['cached_input', 'output', 'reasoning']) as k$$), 3::bigint, 'every kind has its price, and free is one');
select lives_ok($$select tollhouse_ops.set_price('small', 'input', 1, 'list', '2030-02-01Z')$$, 'the next price can be set ahead');
select pg_temp.refuses('TH301', $$set_price('small', 'input', 1, ' ', '2031-01-01Z')$$, 'that takes a reason');
select pg_temp.refuses('TH302', $$set_price('huge', 'input', 1, 'test')$$, 'an unknown model is refused');
select pg_temp.refuses('TH302', $$set_price(null, 'input', 1, 'test')$$, 'so is none');
select pg_temp.refuses('TH303', $$set_price('small', 'image', 1, 'test')$$, 'a kind that nobody counts is refused');
select pg_temp.refuses('TH303', $$set_price('small', null, 1, 'test')$$, 'so is none');
select pg_temp.refuses('TH303', $$set_price('small', 'input', -1, 'test', '2031-01-01Z')$$, 'a negative price is refused');
select pg_temp.refuses('TH303', $$set_price('small', 'input', null, 'test', '2031-01-01Z')$$, 'so is none: an unknown price is not a price');
select pg_temp.refuses('TH303', $$set_price('small', 'input', 1000000000001, 'test', '2031-01-01Z')$$, 'and one that is a typing error');
select pg_temp.refuses('TH303', $$set_price('small', 'input', 5, 'test', '2030-01-01Z')$$, 'a price is not changed');
select pg_temp.refuses('TH303', $$set_price('small', 'input', 5, 'test', now() - interval '1 second')$$, 'nor set backwards, once there is one');
select pg_temp.refuses('TH303', $$set_price('small', 'input', 5, 'test', null)$$, 'and it holds from a time on');
select tollhouse_ops.set_model('fresh', 'mock', 'x', 'test');
select pg_temp.refuses('TH303', $$set_price('fresh', 'input', 5, 'test', null)$$, 'also the first one');
select lives_ok($$select tollhouse_ops.set_price('fresh', 'input', 5, 'test', '2020-01-01Z')$$, 'the first one may hold since long ago');

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

-- Capture policies.
select is(pg_temp.leaves($$set_capture_policy('acme', 'none', 'asked for')$$), 1::bigint, 'a tenant''s capture policy is set, and it is audited');
select pg_temp.leaves($$set_capture_policy('acme', 'metadata', 'asked again')$$);
select is(pg_temp.audited(), 'set_capture_policy | {"tenant_id": "acme"} | asked again | {"tenant_id": "acme", "capture_policy": "none"} | {"capture_policy": "metadata"}', 'before and after are on record');
select pg_temp.refuses('TH301', $$set_capture_policy('acme', 'full', null)$$, 'that takes a reason');
select pg_temp.refuses('TH303', $$set_capture_policy('acme', 'some', 'test')$$, 'a policy that does not exist is refused');
select pg_temp.refuses('TH303', $$set_capture_policy('acme', null, 'test')$$, 'so is none');
select pg_temp.refuses('TH303', $$set_capture_policy('a b', 'full', 'test')$$, 'and a malformed tenant');
select is((select capture_policy from tollhouse_private.tenant_settings), 'metadata', 'a refusal changes nothing');

select * from finish();
rollback;
