begin;
select plan(9);

\ir scene.psql
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

select * from finish();
rollback;
