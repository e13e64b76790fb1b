begin;
select plan(20);
\ir scene.psql
do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test');
  perform tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test');
end
$$;
create function pg_temp.rate()
  returns text
  language sql
as $$
  select string_agg(concat_ws(' ', rl.scope, rl.target, coalesce(rl.requests_per_minute::text, '-'), coalesce(rl.tokens_per_minute::text, '-'), coalesce(rl.max_in_flight::text, '-'),
    trim_scale(rl.requests_available), trim_scale(rl.tokens_available)), '; ' order by rl.scope, rl.target) from tollhouse_private.rate_limits as rl
$$;

-- set_rate_limit
savepoint apart;
select is(pg_temp.leaves($$set_rate_limit('tenant', 'acme', 60, 1000, 5, 'fair')$$), 1::bigint, 'a limit is set, and it is audited');
select is(pg_temp.rate(), 'tenant acme 60 1000 5 60 1000', 'its bucket is full');
select matches(pg_temp.audited(), '^set_rate_limit \| {"scope": "tenant", "target": "acme"} \| fair \| {.*"requests_per_minute": 60.*}$', 'with nothing before');
select pg_temp.leaves($$set_rate_limit('tenant', 'acme', 600, null, 5, 'fairer')$$);
select is(pg_temp.rate(), 'tenant acme 600 - 5 60 0', 'a raised limit begins with what the bucket holds, not with a full one');
select matches(pg_temp.audited(), '"requests_per_minute": 60}.*"requests_per_minute": 600}', 'before and after are on record');
select pg_temp.leaves($$set_rate_limit('tenant', 'acme', 6, null, null, 'strict')$$);
select is(pg_temp.rate(), 'tenant acme 6 - - 6 0', 'a lowered one holds at once');
select pg_temp.leaves($$set_rate_limit('provider', 'mock', null, null, 9, 'test')$$), pg_temp.leaves($$set_rate_limit('model', 'small', null, 100, null, 'test')$$);
select is(pg_temp.rate(), 'model small - 100 - 0 100; provider mock - - 9 0 0; tenant acme 6 - - 6 0', 'providers and models have limits too');
select pg_temp.refuses('TH301', $$set_rate_limit('tenant', 'acme', 1, 1, 1, null)$$, 'a limit takes a reason');
select pg_temp.refuses('TH303', $$set_rate_limit('user', 'ann', 1, 1, 1, 'test')$$, 'a scope that does not exist is refused');
select pg_temp.refuses('TH302', $$set_rate_limit('provider', 'nobody', 1, 1, 1, 'test')$$, 'an unknown provider is refused');
select pg_temp.refuses('TH302', $$set_rate_limit('model', 'huge', 1, 1, 1, 'test')$$, 'so is an unknown model');
select pg_temp.refuses('TH303', $$set_rate_limit('tenant', 'a b', 1, 1, 1, 'test')$$, 'and a malformed tenant');
select pg_temp.refuses('TH303', $$set_rate_limit('tenant', 'acme', null, null, null, 'test')$$, 'a limit that limits nothing is refused');
select pg_temp.refuses('TH303', $$set_rate_limit('tenant', 'acme', 0, null, null, 'test')$$, 'so is one that allows nothing: that is a kill switch');
select pg_temp.refuses('TH303', $$set_rate_limit('tenant', 'acme', 1, -1, null, 'test')$$, 'or less');
select is(pg_temp.rate(), 'model small - 100 - 0 100; provider mock - - 9 0 0; tenant acme 6 - - 6 0', 'a refusal changes nothing');
rollback to apart;

-- drop_rate_limit
select pg_temp.leaves($$set_rate_limit('tenant', 'acme', 6, null, null, 'test')$$);
select pg_temp.leaves($$set_rate_limit('provider', 'mock', null, null, 9, 'test')$$), pg_temp.leaves($$set_rate_limit('model', 'small', null, 100, null, 'test')$$);
select is(pg_temp.leaves($$drop_rate_limit('tenant', 'acme', 'open')$$), 1::bigint, 'a limit is dropped, and it is audited');
select is(pg_temp.rate(), 'model small - 100 - 0 100; provider mock - - 9 0 0', 'and nothing else with it');
select is(tollhouse_ops.drop_rate_limit('tenant', 'acme', 'again'), false, 'where there is none there is nothing to drop');
select pg_temp.refuses('TH301', $$drop_rate_limit('provider', 'mock', '')$$, 'that takes a reason');

select * from finish();
rollback;
