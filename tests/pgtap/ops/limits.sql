begin;
select plan(57);

do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test');
  perform tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test');
end
$$;

-- What the last call left: action, target, reason, before and after.
create function pg_temp.audited()
  returns text
  language sql
as $$
  select concat_ws(' | ', a.action, a.target, a.reason, a.before, a.after) from tollhouse_private.operator_audit as a order by a.id desc limit 1
$$;
create function pg_temp.audits()
  returns bigint
  language sql
as $$
  select count(*) from tollhouse_private.operator_audit
$$;
-- Runs it; how many audit rows it left.
create function pg_temp.leaves(p_call text)
  returns bigint
  language plpgsql
as $$
declare
  v_before bigint := pg_temp.audits();
begin
  execute 'select tollhouse_ops.' || p_call;
  return pg_temp.audits() - v_before;
end
$$;
create function pg_temp.refuses(p_errcode text, p_call text, p_description text)
  returns text
  language sql
as $$
  select throws_ok('select tollhouse_ops.' || p_call, p_errcode, null, p_description)
$$;
-- Rate limits.
create function pg_temp.rate()
  returns text
  language sql
as $$
  select string_agg(concat_ws(' ', rl.scope, rl.target, coalesce(rl.requests_per_minute::text, '-'), coalesce(rl.tokens_per_minute::text, '-'), coalesce(rl.max_in_flight::text, '-'),
    trim_scale(rl.requests_available), trim_scale(rl.tokens_available)), '; ' order by rl.scope, rl.target) from tollhouse_private.rate_limits as rl
$$;
select is(pg_temp.leaves($$set_rate_limit('tenant', 'acme', 60, 1000, 5, 'fair')$$), 1::bigint, 'a limit is set, and it is audited');
select is(pg_temp.rate(), 'tenant acme 60 1000 5 60 1000', 'its bucket is full');
select matches(pg_temp.audited(), '^set_rate_limit \| {"scope": "tenant", "target": "acme"} \| fair \| {.*"requests_per_minute": 60.*}$', 'with nothing before');
select pg_temp.leaves($$set_rate_limit('tenant', 'acme', 600, null, 5, 'fairer')$$);
select is(pg_temp.rate(), 'tenant acme 600 - 5 60 0', 'a raised limit begins with what the bucket holds, not with a full one');
select matches(pg_temp.audited(), '"requests_per_minute": 60}.*"requests_per_minute": 600}', 'before and after are on record');
select pg_temp.leaves($$set_rate_limit('tenant', 'acme', 6, null, null, 'strict')$$);
select is(pg_temp.rate(), 'tenant acme 6 - - 6 0', 'a lowered one holds at once');
select pg_temp.leaves($$set_rate_limit('provider', 'mock', null, null, 9, 'test')$$), pg_temp.leaves($$set_rate_limit('model', 'small', null, 100, null, 'test')$$);
select is(pg_temp.rate(), 'model small - 100 - 0 100; provider mock - - 9 0 0; tenant acme 6 - - 6 0', 'providers and models have limits too');
select is(pg_temp.leaves($$drop_rate_limit('tenant', 'acme', 'open')$$), 1::bigint, 'a limit is dropped, and it is audited');
select is(pg_temp.rate(), 'model small - 100 - 0 100; provider mock - - 9 0 0', 'and nothing else with it');
select is(tollhouse_ops.drop_rate_limit('tenant', 'acme', 'again'), false, 'where there is none there is nothing to drop');
select pg_temp.refuses('TH301', $$set_rate_limit('tenant', 'acme', 1, 1, 1, null)$$, 'a limit takes a reason');
select pg_temp.refuses('TH301', $$drop_rate_limit('provider', 'mock', '')$$, 'so does its end');
select pg_temp.refuses('TH303', $$set_rate_limit('user', 'ann', 1, 1, 1, 'test')$$, 'a scope that does not exist is refused');
select pg_temp.refuses('TH302', $$set_rate_limit('provider', 'nobody', 1, 1, 1, 'test')$$, 'an unknown provider is refused');
select pg_temp.refuses('TH302', $$set_rate_limit('model', 'huge', 1, 1, 1, 'test')$$, 'so is an unknown model');
select pg_temp.refuses('TH303', $$set_rate_limit('tenant', 'a b', 1, 1, 1, 'test')$$, 'and a malformed tenant');
select pg_temp.refuses('TH303', $$set_rate_limit('tenant', 'acme', null, null, null, 'test')$$, 'a limit that limits nothing is refused');
select pg_temp.refuses('TH303', $$set_rate_limit('tenant', 'acme', 0, null, null, 'test')$$, 'so is one that allows nothing: that is a kill switch');
select pg_temp.refuses('TH303', $$set_rate_limit('tenant', 'acme', 1, -1, null, 'test')$$, 'or less');
select is(pg_temp.rate(), 'model small - 100 - 0 100; provider mock - - 9 0 0', 'a refusal changes nothing');

-- Breakers.
create function pg_temp.breakers()
  returns text
  language sql
as $$
  select concat_ws('; ',
    (select string_agg(concat_ws(' ', pb.provider, pb.state, round(extract(epoch from pb.open_until - pb.opened_at))), '; ') from tollhouse_private.provider_breakers as pb),
    (select string_agg(concat_ws(' ', b.tenant_id, b.user_id, b.provider, b.state, b.consecutive_failures, round(extract(epoch from b.open_until - b.opened_at))), '; ') from tollhouse_private.breakers as b))
$$;
savepoint breakers;
select is(pg_temp.leaves($$open_breaker('mock', 'sick')$$), 1::bigint, 'a provider''s breaker is opened by hand, and it is audited');
select is(pg_temp.breakers(), 'mock open 30', 'for the provider''s cool-down');
select matches(pg_temp.audited(), '^open_breaker \| {"provider": "mock"} \| sick \| {.*"state": "open".*}$', 'with nothing before');
insert into tollhouse_private.provider_windows values ('mock', gen_random_uuid(), now(), 9, 9, array['a/b', 'c/d']);
select is(pg_temp.leaves($$close_breaker('mock', 'well')$$), 1::bigint, 'and closed, which is audited');
select is(pg_temp.breakers(), 'mock closed', 'at once');
select is((select count(*) from tollhouse_private.provider_windows), 0::bigint, 'what had failed is forgotten');
select matches(pg_temp.audited(), '"state": "open".*"state": "closed"', 'before and after are on record');
rollback to breakers;
insert into tollhouse_private.breakers (tenant_id, user_id, provider, consecutive_failures) values ('acme', 'ann', 'mock', 4);
select is(pg_temp.leaves($$open_breaker('mock', 'sick', 'acme', 'ann', '5 minutes')$$), 1::bigint, 'one user''s breaker is opened by hand');
select is(pg_temp.breakers(), 'acme ann mock open 0 300', 'for as long as one says, and nobody else''s');
update tollhouse_private.breakers set state = 'half_open', probe_call_id = gen_random_uuid();
select is(pg_temp.leaves($$close_breaker('mock', 'well', 'acme', 'ann')$$), 1::bigint, 'and closed');
select is(pg_temp.breakers(), 'acme ann mock closed 0', 'also while its probe is out');
rollback to breakers;
select pg_temp.refuses('TH301', $$open_breaker('mock', null)$$, 'to open takes a reason');
select pg_temp.refuses('TH301', $$close_breaker('mock', ' ')$$, 'so does to close');
select pg_temp.refuses('TH302', $$open_breaker('nobody', 'test')$$, 'an unknown provider is refused');
select pg_temp.refuses('TH302', $$close_breaker(null, 'test')$$, 'so is none');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', p_cooldown => '0')$$, 'a cool-down of no time is refused');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', 'acme')$$, 'a tenant without a user has no breaker');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', p_user_id => 'ann')$$, 'nor a user without a tenant');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', null, null)$$, 'nulls are refused, not taken for the provider''s own');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', 'a b', 'ann')$$, 'a malformed tenant is refused');
select is(pg_temp.breakers(), '', 'a refusal moves nothing');

-- Login bindings.
create role th_pgtap_login login;
create role th_pgtap_group nologin;
select is(pg_temp.leaves($$bind_login('th_pgtap_login', 'acme', 'shop', 'ann')$$), 1::bigint, 'a login is bound, and it is audited');
select results_eq('select login, tenant_id::text, user_id::text, reads_all_users from tollhouse_private.login_bindings', $$values ('th_pgtap_login'::name, 'acme', 'ann', false)$$, 'to one tenant and one user');
select pg_temp.leaves($$bind_login('th_pgtap_login', 'globex', 'moved')$$);
select is(pg_temp.audited(), 'bind_login | {"login": "th_pgtap_login"} | moved | {"login": "th_pgtap_login", "user_id": "ann", "tenant_id": "acme", "reads_all_users": false} | {"login": "th_pgtap_login", "user_id": null, "tenant_id": "globex", "reads_all_users": false}',
  'a change has both on record');
select pg_temp.leaves($$bind_login('th_pgtap_login', 'globex', 'admin', p_reads_all_users => true)$$);
select is((select reads_all_users from tollhouse_private.login_bindings), true, 'a binding can make a tenant''s administrator');
select pg_temp.leaves($$bind_login('th_pgtap_login', 'globex', 'test', p_reads_all_users => null)$$);
select is((select reads_all_users from tollhouse_private.login_bindings), false, 'null never does');
select pg_temp.refuses('TH301', $$bind_login('th_pgtap_login', 'acme', null)$$, 'a binding takes a reason');
select pg_temp.refuses('TH301', $$unbind_login('th_pgtap_login', '')$$, 'so does its end');
select is((select tenant_id::text from tollhouse_private.login_bindings), 'globex', 'without one nothing changes');
select is(pg_temp.leaves($$unbind_login('th_pgtap_login', 'gone')$$), 1::bigint, 'a login is unbound, and it is audited');
select is(tollhouse_ops.unbind_login('th_pgtap_login', 'again'), false, 'once');
select pg_temp.refuses('TH303', $$bind_login('th_pgtap_nobody', 'acme', 'test')$$, 'a login that does not exist is refused');
select pg_temp.refuses('TH303', $$bind_login('th_pgtap_group', 'acme', 'test')$$, 'so is a role that can''t log in: nothing would be bound');
select pg_temp.refuses('TH303', $$bind_login(null, 'acme', 'test')$$, 'and none');
select pg_temp.refuses('TH303', $$bind_login('th_pgtap_login', 'a b', 'test')$$, 'a malformed tenant is refused');
select pg_temp.refuses('TH303', $$bind_login('th_pgtap_login', 'acme', 'test', 'a b')$$, 'a malformed user too');
select pg_temp.refuses('TH303', $$bind_login('th_pgtap_login', 'acme', 'test', null)$$, 'and a null one, which is not taken for every user');

select * from finish();
rollback;
