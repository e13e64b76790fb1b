begin;
select plan(20);

\ir switches.psql

-- Every scope.
select pg_temp.leaves($$pull_kill_switch('provider', 'mock', 'test')$$), pg_temp.leaves($$pull_kill_switch('model', 'small', 'test')$$),
  pg_temp.leaves($$pull_kill_switch('endpoint', 'route', 'test')$$), pg_temp.leaves($$pull_kill_switch('tenant', 'acme', 'test')$$),
  pg_temp.leaves($$pull_kill_switch('user', 'ann', 'test', 'acme')$$);
select is(pg_temp.switches(), 'endpoint:route model:small provider:mock tenant:acme:acme user:acme:ann', 'provider, model, endpoint, tenant and user have switches of their own');
select is(pg_temp.audits(), 7::bigint, 'each is one audit row');
select tollhouse_ops.pull_kill_switch('provider', 'mock', 'another reason');
select matches(pg_temp.audited(), '"reason": "test".*"reason": "another reason"', 'pulled twice, the new reason is kept and the old one is on record');
select is((select count(*) from tollhouse_private.kill_switches where scope = 'provider'), 1::bigint, 'and it is one switch');
rollback to start;

-- Refusals.
select pg_temp.refuses('TH301', $$pull_kill_switch('tenant', 'acme', '')$$, 'a switch takes a reason');
select is(pg_temp.switches(), null, 'without it nothing is stopped');
select pg_temp.refuses('TH303', $$pull_kill_switch('planet', 'x', 'test')$$, 'a scope that does not exist is refused');
select pg_temp.refuses('TH303', $$pull_kill_switch(null, 'x', 'test')$$, 'so is none');
select pg_temp.refuses('TH303', $$pull_kill_switch('global', 'x', 'test')$$, 'the global switch has one target');
select pg_temp.refuses('TH303', $$pull_kill_switch('global', null, 'test')$$, 'and not null');
select pg_temp.refuses('TH302', $$pull_kill_switch('provider', 'nobody', 'test')$$, 'an unknown provider is refused: a typing error must not look like a stop');
select pg_temp.refuses('TH302', $$pull_kill_switch('model', 'huge', 'test')$$, 'so is an unknown model');
select pg_temp.refuses('TH302', $$pull_kill_switch('endpoint', 'nowhere', 'test')$$, 'and an unknown endpoint');
select pg_temp.refuses('TH303', $$pull_kill_switch('tenant', 'a b', 'test')$$, 'a malformed tenant is refused');
select pg_temp.refuses('TH303', $$pull_kill_switch('user', 'ann', 'test')$$, 'a user is one of a tenant');
select pg_temp.refuses('TH303', $$pull_kill_switch('user', 'ann', 'test', null)$$, 'and not of null');
select pg_temp.refuses('TH303', $$pull_kill_switch('provider', 'mock', 'test', 'acme')$$, 'a provider is not stopped for one tenant: it would stop for all');
select pg_temp.refuses('TH303', $$pull_kill_switch('tenant', 'acme', 'test', 'globex')$$, 'nor a tenant for another one');
select pg_temp.leaves($$pull_kill_switch('tenant', 'acme', 'test', 'acme')$$), pg_temp.leaves($$lift_kill_switch('tenant', 'acme', 'test', 'acme')$$);
select is(pg_temp.switches(), null, 'its own it may name');
select is(pg_temp.audits(), 4::bigint, 'a refusal leaves no audit row');

select * from finish();
rollback;
