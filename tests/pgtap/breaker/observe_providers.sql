begin;
select plan(9);

\ir scene.psql

-- The provider's own breaker: share, calls, users, window.
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure', 'ann'), pg_temp.ended('failure', 'bob'), pg_temp.ended('success', 'cyd'));
select is(pg_temp.provider_state(), 'none', 'below the least number of calls the provider''s breaker stays closed');
savepoint three_calls;
select pg_temp.seen('2030-01-15 12:00:59.999Z', pg_temp.ended('failure', 'bob', p_worker => 2));
select is(pg_temp.provider_state(), 'open', 'it opens when the share is reached by two users, over all workers');
select is((select open_until from tollhouse_private.provider_breakers), '2030-01-15 12:01:29.999Z'::timestamptz, 'for the provider''s cool-down');
rollback to three_calls;
select pg_temp.seen('2030-01-15 12:00:30Z', pg_temp.ended('ignored', 'bob'), pg_temp.ended('ignored', 'bob'));
select is(pg_temp.provider_state(), 'none', 'neutral outcomes are not calls that count');
select pg_temp.seen('2030-01-15 12:01Z', pg_temp.ended('failure', 'bob'), pg_temp.ended('failure', 'cyd'), pg_temp.ended('failure', 'dan'));
select is(pg_temp.provider_state(), 'none', 'what a minute-long window held is forgotten after the minute');
rollback to start;
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure'), pg_temp.ended('failure'), pg_temp.ended('failure'), pg_temp.ended('failure'), pg_temp.ended('failure'));
select is(pg_temp.provider_state(), 'none', 'one user''s failures, however many, do not open it for everybody');
rollback to start;
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure'), pg_temp.ended('failure', 'ann', p_tenant_id => 'globex'), pg_temp.ended('success'), pg_temp.ended('success'), pg_temp.ended('success'));
select is(pg_temp.provider_state(), 'none', 'below the share it stays closed');
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure'));
select is(pg_temp.provider_state(), 'open', 'exactly at the share it opens; the same name in two tenants is two users');
rollback to start;


select tollhouse_private.observe_providers('{}', now());
select is((select count(*) from tollhouse_private.provider_windows), 0::bigint, 'an empty batch tells nothing');

select * from finish();
rollback;
