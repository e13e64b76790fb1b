begin;
select plan(12);

\ir breakers.psql

select pg_temp.leaves($$open_breaker('mock', 'sick')$$);
insert into tollhouse_private.provider_windows values ('mock', gen_random_uuid(), 'acme', now(), 9, 9, array['ann', 'bob']);
select is(pg_temp.leaves($$close_breaker('mock', 'well')$$), 1::bigint, 'a provider''s breaker is closed by hand, and it is audited');
select is(pg_temp.breakers(), 'mock closed', 'at once');
select is((select count(*) from tollhouse_private.provider_windows), 0::bigint, 'what had failed is forgotten');
select matches(pg_temp.audited(), '"state": "open".*"state": "closed"', 'before and after are on record');
rollback to breakers;
insert into tollhouse_private.breakers (tenant_id, user_id, provider, consecutive_failures) values ('acme', 'ann', 'mock', 4);
select pg_temp.leaves($$open_breaker('mock', 'sick', 'acme', 'ann', '5 minutes')$$);
update tollhouse_private.breakers set state = 'half_open', probe_call_id = gen_random_uuid();
select is(pg_temp.leaves($$close_breaker('mock', 'well', 'acme', 'ann')$$), 1::bigint, 'so is one user''s');
select is(pg_temp.breakers(), 'acme ann mock closed 0', 'also while its probe is out');
rollback to breakers;
select pg_temp.refuses('TH301', $$close_breaker('mock', ' ')$$, 'to close takes a reason');
select pg_temp.refuses('TH302', $$close_breaker(null, 'test')$$, 'and a provider');
select is(tollhouse_ops.close_breaker('mock', 'well'), false, 'who closes a closed one is told so');
select is(tollhouse_ops.close_breaker('mock', 'well', 'acme', 'annn'), false, 'as who mistypes a name');
select is(pg_temp.breakers(), 'mock closed', 'which leaves no row');
select tollhouse_ops.open_breaker('mock', 'sick');
select is(tollhouse_ops.close_breaker('mock', 'well'), true, 'who closes an open one too');

select * from finish();
rollback;
