begin;
select plan(9);

\ir breakers.psql

select is(pg_temp.leaves($$open_breaker('mock', 'sick')$$), 1::bigint, 'a provider''s breaker is opened by hand, and it is audited');
select is(pg_temp.breakers(), 'mock open 30', 'for the provider''s cool-down');
select matches(pg_temp.audited(), '^open_breaker \| {"provider": "mock"} \| sick \| {.*"state": "open".*}$', 'with nothing before');
rollback to breakers;
insert into tollhouse_private.breakers (tenant_id, user_id, provider, consecutive_failures) values ('acme', 'ann', 'mock', 4);
select is(pg_temp.leaves($$open_breaker('mock', 'sick', 'acme', 'ann', '5 minutes')$$), 1::bigint, 'one user''s breaker is opened by hand');
select is(pg_temp.breakers(), 'acme ann mock open 0 300', 'for as long as one says, and nobody else''s');
rollback to breakers;
select pg_temp.refuses('TH301', $$open_breaker('mock', null)$$, 'to open takes a reason');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', p_cooldown => '0')$$, 'a cool-down of no time is refused');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', p_cooldown => '367 days')$$, 'so is one of more than a year');
select is(pg_temp.breakers(), '', 'a refusal opens nothing');

select * from finish();
rollback;
