begin;
select plan(27);
\ir scene.psql
do $$
begin
  perform tollhouse_ops.set_provider('mock', 'test');
  perform tollhouse_ops.set_model('small', 'mock', 'mock-small', 'test');
end
$$;
create function pg_temp.breakers()
  returns text
  language sql
as $$
  select concat_ws('; ',
    (select string_agg(concat_ws(' ', pb.provider, pb.state, round(extract(epoch from pb.open_until - pb.opened_at))), '; ') from tollhouse_private.provider_breakers as pb),
    (select string_agg(concat_ws(' ', b.tenant_id, b.user_id, b.provider, b.state, b.consecutive_failures, round(extract(epoch from b.open_until - b.opened_at))), '; ') from tollhouse_private.breakers as b))
$$;
savepoint breakers;

-- move_breaker
select pg_temp.refuses('TH302', $$open_breaker('nobody', 'test')$$, 'an unknown provider is refused');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', 'acme')$$, 'a tenant without a user has no breaker');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', p_user_id => 'ann')$$, 'nor a user without a tenant');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', null, null)$$, 'nulls are refused, not taken for the provider''s own');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', 'a b', 'ann')$$, 'a malformed tenant is refused');
select is(pg_temp.breakers(), '', 'a refusal moves nothing');
rollback to breakers;

-- open_breaker
select is(pg_temp.leaves($$open_breaker('mock', 'sick')$$), 1::bigint, 'a provider''s breaker is opened by hand, and it is audited');
select is(pg_temp.breakers(), 'mock open 30', 'for the provider''s cool-down');
select matches(pg_temp.audited(), '^open_breaker \| {"provider": "mock"} \| sick \| {.*"state": "open".*}$', 'with nothing before');
rollback to breakers;
insert into tollhouse_private.breakers (tenant_id, user_id, provider, consecutive_failures) values ('acme', 'ann', 'mock', 4);
select is(pg_temp.leaves($$open_breaker('mock', 'sick', 'acme', 'ann', '5 minutes')$$), 1::bigint, 'one user''s breaker is opened by hand');
select is(pg_temp.breakers(), 'acme ann mock open 0 300', 'for as long as one says, and nobody else''s');
rollback to breakers;
select pg_temp.refuses('TH301', $$open_breaker('mock', null)$$, 'to open takes a reason');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', p_cooldown => '0')$$, 'a cool-down of no time is refused');
select pg_temp.refuses('TH303', $$open_breaker('mock', 'test', p_cooldown => '367 days')$$, 'so is one of more than a year');
select is(pg_temp.breakers(), '', 'a refusal opens nothing');
rollback to breakers;

-- close_breaker
select pg_temp.leaves($$open_breaker('mock', 'sick')$$);
insert into tollhouse_private.provider_windows values ('mock', gen_random_uuid(), 'acme', now(), 9, 9, array['ann', 'bob']);
select is(pg_temp.leaves($$close_breaker('mock', 'well')$$), 1::bigint, 'a provider''s breaker is closed by hand, and it is audited');
select is(pg_temp.breakers(), 'mock closed', 'at once');
select is((select count(*) from tollhouse_private.provider_windows), 0::bigint, 'what had failed is forgotten');
select matches(pg_temp.audited(), '"state": "open".*"state": "closed"', 'before and after are on record');
rollback to breakers;
insert into tollhouse_private.breakers (tenant_id, user_id, provider, consecutive_failures) values ('acme', 'ann', 'mock', 4);
select pg_temp.leaves($$open_breaker('mock', 'sick', 'acme', 'ann', '5 minutes')$$);
update tollhouse_private.breakers set state = 'half_open', probe_call_id = gen_random_uuid();
select is(pg_temp.leaves($$close_breaker('mock', 'well', 'acme', 'ann')$$), 1::bigint, 'so is one user''s');
select is(pg_temp.breakers(), 'acme ann mock closed 0', 'also while its probe is out');
rollback to breakers;
select pg_temp.refuses('TH301', $$close_breaker('mock', ' ')$$, 'to close takes a reason');
select pg_temp.refuses('TH302', $$close_breaker(null, 'test')$$, 'and a provider');
select is(tollhouse_ops.close_breaker('mock', 'well'), false, 'who closes a closed one is told so');
select is(tollhouse_ops.close_breaker('mock', 'well', 'acme', 'annn'), false, 'as who mistypes a name');
select is(pg_temp.breakers(), 'mock closed', 'which leaves no row');
select tollhouse_ops.open_breaker('mock', 'sick');
select is(tollhouse_ops.close_breaker('mock', 'well'), true, 'who closes an open one too');

select * from finish();
rollback;
