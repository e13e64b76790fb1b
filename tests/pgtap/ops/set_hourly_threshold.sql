begin;
select plan(8);

\ir shutoffs.psql
select pg_temp.leaves($$set_shutoff('acme', '', clock_timestamp() + interval '1 hour', 'too much')$$);

select is(pg_temp.leaves($$set_hourly_threshold('acme', '', 5000000, 'careful', '10 minutes')$$), 1::bigint, 'a threshold is set, and it is audited');
select is(pg_temp.shutoff(), '5000000 00:10:00 manual t too much', 'without touching the shutoff');
select tollhouse_ops.set_hourly_threshold('acme', '', null, 'off');
select is(pg_temp.shutoff(), '- - manual t too much', 'null takes the threshold away');

select pg_temp.refuses('TH301', $$set_hourly_threshold('acme', '', 1, null)$$, 'a threshold takes a reason');
select pg_temp.refuses('TH303', $$set_hourly_threshold('acme', '', 0, 'test')$$, 'a threshold of nothing is refused');
select pg_temp.refuses('TH303', $$set_hourly_threshold('acme', '', -1, 'test')$$, 'and of less');
select pg_temp.refuses('TH303', $$set_hourly_threshold('acme', '', 1, 'test', '0')$$, 'and a cool-down of no time');

select pg_temp.refuses('TH303', $$set_hourly_threshold('acme', '', 1, 'test', '293000 years')$$, 'nor one without end');

select * from finish();
rollback;
