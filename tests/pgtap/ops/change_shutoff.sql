begin;
select plan(3);

\ir shutoffs.psql

select pg_temp.refuses('TH303', $$set_shutoff('a b', '', clock_timestamp() + interval '1 hour', 'test')$$, 'a malformed tenant is refused');
select pg_temp.refuses('TH303', $$set_shutoff('acme', null, clock_timestamp() + interval '1 hour', 'test')$$, 'a null user is refused, not taken for the tenant');
select is(pg_temp.audits(), 0::bigint, 'a refusal leaves no audit row');

select * from finish();
rollback;
