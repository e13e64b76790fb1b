begin;
select plan(51);
\ir scene.psql

-- set_provider
savepoint apart;
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

select pg_temp.refuses('TH303', $$set_provider('mock', 'test', p_cooldown => '293000 years')$$, 'what no clock can show is refused');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', p_window => '293000 years')$$, 'in both');
rollback to apart;

-- set_model
savepoint apart;
do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test');
end
$$;

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
rollback to apart;

-- set_price
do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test');
  perform tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test');
end
$$;

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

-- A model without a price in force has no call that could have been reserved: its first prices may hold since long ago.
select tollhouse_ops.set_model('fresh', 'mock', 'x', 'test');
select lives_ok($$select tollhouse_ops.set_price('fresh', 'input', 5, 'test', '2020-01-01Z')$$, 'the first price may hold since long ago');
select lives_ok($$select tollhouse_ops.set_price('fresh', 'cached_input', 1, 'test', '2020-01-01Z')$$, 'so may those that come with it');
select lives_ok($$select tollhouse_ops.set_price('fresh', 'output', 5, 'test', '2020-01-01Z')$$, 'until it is priced');
select pg_temp.refuses('TH303', $$set_price('fresh', 'output', 6, 'test', '2021-01-01Z')$$, 'then none is set backwards');
select pg_temp.refuses('TH303', $$set_price('fresh', 'reasoning', 6, 'test', '2021-01-01Z')$$, 'not even the first one of its kind: calls have been reserved at the price it falls back to');
select pg_temp.refuses('TH303', $$set_price('fresh', 'reasoning', 6, 'test', now())$$, 'nor as of the beginning of a transaction');
select is(pg_temp.leaves($$set_price('fresh', 'reasoning', 6, 'test')$$), 1::bigint, 'left out, it is at once');
select is((select effective_from > now() from tollhouse_private.model_prices where kind = 'reasoning' and model = 'fresh'), true, 'by the clock');
select is((select p.reasoning from tollhouse_private.price_at('fresh', clock_timestamp()) as p), 6::bigint, 'and it holds');
select pg_temp.refuses('TH303', $$set_price('fresh', 'input', 5, 'test', 'infinity')$$, 'a price that never holds is refused');
select pg_temp.refuses('TH303', $$set_price('fresh', 'input', 5, 'test', '20000-01-01')$$, 'so is one that no client can read');
select tollhouse_ops.set_model('later', 'mock', 'x', 'test');
select pg_temp.refuses('TH303', $$set_price('later', 'input', 5, 'test', '-infinity')$$, 'on either side');
select pg_temp.leaves($$set_price('later', k, 5, 'test', now() + interval '1 day')$$ || $$ from unnest(array['input', 'output']) as k$$);
select lives_ok($$select tollhouse_ops.set_price('later', 'input', 4, 'test', now() - interval '1 day')$$, 'a price to come is not in force');

select * from finish();
rollback;
