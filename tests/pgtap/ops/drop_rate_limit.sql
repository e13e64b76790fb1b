begin;
select plan(4);

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
select pg_temp.leaves($$set_rate_limit('tenant', 'acme', 6, null, null, 'test')$$);
select pg_temp.leaves($$set_rate_limit('provider', 'mock', null, null, 9, 'test')$$), pg_temp.leaves($$set_rate_limit('model', 'small', null, 100, null, 'test')$$);
select is(pg_temp.leaves($$drop_rate_limit('tenant', 'acme', 'open')$$), 1::bigint, 'a limit is dropped, and it is audited');
select is(pg_temp.rate(), 'model small - 100 - 0 100; provider mock - - 9 0 0', 'and nothing else with it');
select is(tollhouse_ops.drop_rate_limit('tenant', 'acme', 'again'), false, 'where there is none there is nothing to drop');
select pg_temp.refuses('TH301', $$drop_rate_limit('provider', 'mock', '')$$, 'that takes a reason');

select * from finish();
rollback;
