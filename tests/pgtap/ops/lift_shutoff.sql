begin;
select plan(9);

\ir shutoffs.psql
select pg_temp.leaves($$set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'too much')$$),
  pg_temp.leaves($$set_shutoff('acme', 'ann', clock_timestamp() + interval '1 hour', 'ann too')$$),
  pg_temp.leaves($$set_hourly_threshold('acme', '', 5000000, 'careful', '10 minutes')$$);

select is(pg_temp.leaves($$lift_shutoff('acme', '', 'enough')$$), 1::bigint, 'a shutoff is lifted, and it is audited');
select is(pg_temp.shutoff(), '5000000 00:10:00 -', 'without touching the threshold');
select matches(pg_temp.audited(), '^lift_shutoff \| {"tenant_id": "acme"} \| enough \| {.*"mode": "manual".*} \| {.*"mode": null.*}$', 'what it was is on record');
select is(pg_temp.shutoff('ann'), '- - manual t ann too', 'the user''s stays');
select pg_temp.refuses('TH301', $$lift_shutoff('acme', 'ann', '')$$, 'that takes a reason');

select is(tollhouse_ops.lift_shutoff('acme', 'ann', 'enough'), true, 'who lifts one is told so');
select is(tollhouse_ops.lift_shutoff('acme', 'ann', 'enough'), false, 'and who lifts none');
select is(tollhouse_ops.lift_shutoff('acmee', '', 'enough'), false, 'as who mistypes a name');
select is((select count(*) from tollhouse_private.hourly_shutoffs where tenant_id = 'acmee'), 0::bigint, 'which leaves no row');

select * from finish();
rollback;
