begin;
select plan(6);

select is(tollhouse_private.breaker_gate(null, null, '2030-01-15 12:00Z'), 'pass', 'no row means a closed breaker');
select is(tollhouse_private.breaker_gate('closed', null, '2030-01-15 12:00Z'), 'pass', 'a closed breaker lets pass');
select is(tollhouse_private.breaker_gate('open', '2030-01-15 12:00:00.000001Z', '2030-01-15 12:00Z'), 'stop', 'an open breaker stops until the last microsecond of its cool-down');
select is(tollhouse_private.breaker_gate('open', '2030-01-15 12:00Z', '2030-01-15 12:00Z'), 'probe', 'at the end of the cool-down an open breaker lets one probe pass');
select is(tollhouse_private.breaker_gate('half_open', '2030-01-01Z', '2030-01-15 12:00Z'), 'stop', 'while its probe is under way a half-open breaker stops, however long ago it opened');
select is(tollhouse_private.breaker_gate('open', null, '2030-01-15 12:00Z'), 'stop', 'an open breaker that nobody can date stops');

select * from finish();
rollback;
