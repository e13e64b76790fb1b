begin;
select plan(6);

\ir breakers.psql

select pg_temp.refuses('TH302', $$open_breaker('nobody', 'test')$$, 'an unknown provider is refused');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', 'acme')$$, 'a tenant without a user has no breaker');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', p_user_id => 'ann')$$, 'nor a user without a tenant');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', null, null)$$, 'nulls are refused, not taken for the provider''s own');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', 'a b', 'ann')$$, 'a malformed tenant is refused');
select is(pg_temp.breakers(), '', 'a refusal moves nothing');

select * from finish();
rollback;
