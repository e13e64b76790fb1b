begin;
select plan(6);

\ir switches.psql

select is(pg_temp.leaves($$stop_everything('fire')$$), 1::bigint, 'one statement stops everything, and is audited');
select is(pg_temp.switches(), 'global:*', 'by the global switch');
select matches(pg_temp.audited(), '^pull_kill_switch \| {"scope": "global", "target": "\*"} \| fire \| {.*"reason": "fire".*}$', 'who, what, why and what it became are on record');
select results_eq('select set_by, reason from tollhouse_private.kill_switches', $$select session_user, 'fire'$$, 'the switch says who pulled it and why');
rollback to start;
select pg_temp.refuses('TH301', 'stop_everything(null)', 'to stop everything takes a reason');
select pg_temp.refuses('TH301', $$stop_everything(' ')$$, 'and not a blank one');

select * from finish();
rollback;
