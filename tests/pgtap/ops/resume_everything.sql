begin;
select plan(6);

\ir switches.psql

select pg_temp.leaves($$stop_everything('fire')$$);
select is(pg_temp.leaves($$resume_everything('out')$$), 1::bigint, 'one statement resumes, and is audited');
select is(pg_temp.switches(), null, 'the switch is gone');
select matches(pg_temp.audited(), '^lift_kill_switch \| {.*} \| out \| {.*"reason": "fire".*}$', 'and what it was is on record');
select is(tollhouse_ops.resume_everything('again'), false, 'where nothing is stopped there is nothing to resume');
rollback to start;

select pg_temp.leaves($$pull_kill_switch('provider', 'mock', 'test')$$), pg_temp.leaves($$pull_kill_switch('model', 'small', 'test')$$),
  pg_temp.leaves($$pull_kill_switch('endpoint', 'route', 'test')$$), pg_temp.leaves($$pull_kill_switch('tenant', 'acme', 'test')$$),
  pg_temp.leaves($$pull_kill_switch('user', 'ann', 'test', 'acme')$$);
select tollhouse_ops.stop_everything('test'), tollhouse_ops.resume_everything('test');
select is(pg_temp.switches(), 'endpoint:route model:small provider:mock tenant:acme:acme user:acme:ann', 'to resume everything leaves the narrower ones');
rollback to start;
select tollhouse_ops.stop_everything('test');
select pg_temp.refuses('TH301', 'resume_everything(null)', 'to resume takes a reason too');

select * from finish();
rollback;
