begin;
select plan(12);

\ir shutoffs.psql

select is(pg_temp.leaves($$set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'too much')$$), 1::bigint, 'a tenant is shut off, and it is audited');
select is(pg_temp.shutoff(), '- - manual t too much', 'by hand, for a while, with the reason');
select matches(pg_temp.audited(), '^set_shutoff \| {"tenant_id": "acme"} \| too much \| {.*"mode": null.*} \| {.*"mode": "manual".*}$', 'before and after are on record');
select is(pg_temp.leaves($$set_shutoff('acme', 'ann', clock_timestamp() + interval '1 hour', 'ann too')$$), 1::bigint, 'so is a user');
select is(pg_temp.shutoff('ann'), '- - manual t ann too', 'apart from the tenant');

select pg_temp.refuses('TH301', $$set_shutoff('acme', '', clock_timestamp() + interval '1 hour', null)$$, 'a shutoff takes a reason');
select is(pg_temp.shutoff('ann'), '- - manual t ann too', 'without one nothing changes');
select pg_temp.refuses('TH303', $$set_shutoff('acme', '', clock_timestamp() - interval '1 second', 'test')$$, 'a shutoff that is over is refused');
select pg_temp.refuses('TH303', $$set_shutoff('acme', '', null, 'test')$$, 'so is one without an end');
select pg_temp.refuses('TH303', $$set_shutoff('acme', '', 'infinity', 'test')$$, 'or with none in sight: that is a kill switch');
select pg_temp.refuses('TH303', $$set_shutoff('acme', '', '20000-01-01', 'test')$$, 'or beyond what a client can read');
select is(pg_temp.audits(), 2::bigint, 'a refusal leaves no audit row');

select * from finish();
rollback;
