begin;
select plan(38);
\ir scene.psql
do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test');
  perform tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test');
end
$$;
-- The switches that are on.
create function pg_temp.switches()
  returns text
  language sql
as $$
  select string_agg(concat_ws(':', ks.scope, nullif(ks.tenant_id, ''), ks.target), ' ' order by ks.scope, ks.tenant_id, ks.target) from tollhouse_private.kill_switches as ks
$$;
savepoint start;

-- pull_kill_switch
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
rollback to start;

-- lift_kill_switch
select pg_temp.leaves($$pull_kill_switch('provider', 'mock', 'test')$$), pg_temp.leaves($$pull_kill_switch('model', 'small', 'test')$$),
  pg_temp.leaves($$pull_kill_switch('endpoint', 'route', 'test')$$), pg_temp.leaves($$pull_kill_switch('tenant', 'acme', 'test')$$),
  pg_temp.leaves($$pull_kill_switch('user', 'ann', 'test', 'acme')$$);
select is(tollhouse_ops.lift_kill_switch('user', 'ann', 'test', 'globex'), false, 'a user''s switch is lifted in their own tenant only');
select is(tollhouse_ops.lift_kill_switch('user', 'ann', 'test', 'acme'), true, 'there it is');
select is(tollhouse_ops.lift_kill_switch('tenant', 'acme', 'test', 'globex'), false, 'nor is a tenant''s switch another one''s');
select is(tollhouse_ops.lift_kill_switch('tenant', 'acme', 'test'), true, 'a tenant''s is lifted by its name');
select is(pg_temp.switches(), 'endpoint:route model:small provider:mock', 'and nothing else with it');
select pg_temp.refuses('TH301', $$lift_kill_switch('provider', 'mock', '')$$, 'that takes a reason');
rollback to start;

-- stop_everything
select is(pg_temp.leaves($$stop_everything('fire')$$), 1::bigint, 'one statement stops everything, and is audited');
select is(pg_temp.switches(), 'global:*', 'by the global switch');
select matches(pg_temp.audited(), '^pull_kill_switch \| {"scope": "global", "target": "\*"} \| fire \| {.*"reason": "fire".*}$', 'who, what, why and what it became are on record');
select results_eq('select set_by, reason from tollhouse_private.kill_switches', $$select session_user, 'fire'$$, 'the switch says who pulled it and why');
rollback to start;
select pg_temp.refuses('TH301', 'stop_everything(null)', 'to stop everything takes a reason');
select pg_temp.refuses('TH301', $$stop_everything(' ')$$, 'and not a blank one');
rollback to start;

-- resume_everything
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
