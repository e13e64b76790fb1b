begin;
select plan(16);

\ir scene.psql

select is(pg_temp.leaves($$set_provider('mock', 'new')$$), 1::bigint, 'a provider is made known, and it is audited');
select matches(pg_temp.audited(), '^set_provider \| {"provider": "mock"} \| new \| {.*"failure_threshold": 5.*}$', 'with nothing before and its numbers after');
select pg_temp.leaves($$set_provider('mock', 'patient', 9, '1 minute', '2 minutes', 50, 0.9)$$);
select results_eq('select * from tollhouse_private.providers', $$values ('mock'::tollhouse_private.identifier, 9, interval '1 minute', interval '2 minutes', 50, 0.9)$$, 'its breakers can be tuned');
select matches(pg_temp.audited(), '"failure_threshold": 5.*"failure_threshold": 9', 'before and after are on record');
select pg_temp.refuses('TH301', $$set_provider('mock', null)$$, 'that takes a reason');
select pg_temp.refuses('TH303', $$set_provider('a b', 'test')$$, 'a malformed name is refused');
select pg_temp.refuses('TH303', $$set_provider(null, 'test')$$, 'so is none');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', 0)$$, 'a threshold of no failure is refused');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', 1001)$$, 'or of too many');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', null)$$, 'or null');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', p_cooldown => '0')$$, 'a cool-down of no time is refused');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', p_window => '-1 s')$$, 'a window of less than no time too');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', p_window_min_calls => 0)$$, 'and of no call');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', p_window_failure_share => 1.1)$$, 'and a share above the whole');

select pg_temp.refuses('TH303', $$set_provider('mock', 'test', p_cooldown => '293000 years')$$, 'what no clock can show is refused');
select pg_temp.refuses('TH303', $$set_provider('mock', 'test', p_window => '293000 years')$$, 'in both');

select * from finish();
rollback;
