begin;
select plan(44);

\ir scene.psql

-- A user's breaker, closed.
select is(pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('success')), 'none', 'a success leaves no row behind');
select is(pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('ignored')), 'none', 'a neutral outcome leaves no row behind');
select is(pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure')), 'closed 1', 'the first failure is counted');
select is(pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure')), 'closed 2', 'one below the threshold the breaker is closed');
select is(pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('ignored')), 'closed 2', 'a neutral outcome neither counts nor resets');
savepoint two_failures;
select is(pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('success')), 'closed 0', 'a success resets the count');
select is(pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure')), 'closed 1', 'and counting begins anew');
rollback to two_failures;
select is(pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure', 'bob')), 'closed 2', 'another user''s failure is not this user''s');
select is(pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure', 'ann', p_provider => 'spare')), 'closed 2', 'nor is a failure at another provider');
select is(pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure', 'ann', p_tenant_id => 'globex')), 'closed 2', 'nor one of the same name in another tenant');
select is(pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure')), 'open 3', 'at the threshold the breaker opens');
select results_eq(
  $$select opened_at, open_until, probe_call_id from tollhouse_private.breakers where state = 'open'$$,
  $$values ('2030-01-15 12:00Z'::timestamptz, '2030-01-15 12:00:30Z'::timestamptz, null::uuid)$$,
  'for the provider''s cool-down, and it is the only one that opened');

-- Open: calls that were still under way change nothing.
select is(pg_temp.seen('2030-01-15 12:00:10Z', pg_temp.ended('success')), 'open 3', 'a success that was under way does not close an open breaker');
select is(pg_temp.seen('2030-01-15 12:00:10Z', pg_temp.ended('failure')), 'open 3', 'a failure that was under way does not prolong it');
select is((select open_until from tollhouse_private.breakers where state = 'open'), '2030-01-15 12:00:30Z'::timestamptz, 'its end stays');
rollback to start;

-- A batch is counted in the order in which its calls began.
select is(pg_temp.seen('2030-01-15 12:00Z',
    pg_temp.ended('failure', p_started_at => '2030-01-15 11:03Z', p_label => 'a'),
    pg_temp.ended('success', p_started_at => '2030-01-15 11:02Z', p_label => 'b'),
    pg_temp.ended('failure', p_started_at => '2030-01-15 11:01Z', p_label => 'c'),
    pg_temp.ended('failure', p_started_at => '2030-01-15 11:00Z', p_label => 'd')),
  'closed 1', 'of a batch only the failures after its last success count');
rollback to start;
select is(pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure', p_label => 'a'), pg_temp.ended('failure', p_label => 'b'), pg_temp.ended('failure', p_label => 'c')),
  'open 3', 'a single batch can reach the threshold');
rollback to start;
select tollhouse_private.observe_users('{}', now());
select is((select count(*) from tollhouse_private.breakers), 0::bigint, 'an empty batch tells nothing');
rollback to start;

-- One tenant does not close a provider to the others.
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('success', p_tenant_id => 'globex'));
select pg_temp.flood(50);
select is(pg_temp.provider_state(), 'none', 'a tenant''s failures, of however many users, do not open it for another one whose calls succeed');
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('success', p_tenant_id => 'globex'), pg_temp.ended('failure', p_tenant_id => 'globex', p_worker => 2));
select is(pg_temp.provider_state(), 'none', 'nor for one whose calls mostly do');
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure', p_tenant_id => 'initech', p_worker => 2));
select is(pg_temp.provider_state(), 'open', 'it opens when it is so for the others as well');
rollback to start;
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('success', p_tenant_id => 'globex'));
select pg_temp.flood(2);
select pg_temp.seen('2030-01-15 12:01:01Z', pg_temp.ended('failure', 'ann'), pg_temp.ended('failure', 'bob'), pg_temp.ended('failure', 'cyd'), pg_temp.ended('failure', 'dan'));
select is(pg_temp.provider_state(), 'open', 'another''s calls of an earlier window do not count');
rollback to start;
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure', 'ann'), pg_temp.ended('failure', 'ann', p_worker => 2), pg_temp.ended('failure', 'ann'), pg_temp.ended('failure', 'ann'));
select is(pg_temp.provider_state(), 'none', 'a user is the same one at two workers');
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure', 'bob', p_worker => 2));
select is(pg_temp.provider_state(), 'open', 'two users at two workers are two');
rollback to start;

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
rollback to start;

-- Half-open.
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure', p_label => 'a'), pg_temp.ended('failure', p_label => 'b'), pg_temp.ended('failure', p_label => 'c'));
update tollhouse_private.breakers set state = 'half_open', probe_call_id = md5('probe')::uuid where state = 'open';
savepoint half_open;
select is(pg_temp.seen('2030-01-15 12:01Z', pg_temp.ended('success', p_label => 'other')), 'half_open 3', 'only the probe''s outcome counts while it is out');
select is(pg_temp.seen('2030-01-15 12:01Z', pg_temp.ended('success', 'bob', p_label => 'probe')), 'half_open 3', 'and only for its own user');
select is(pg_temp.seen('2030-01-15 12:01Z', pg_temp.ended('success', p_label => 'probe')), 'closed 0', 'the probe''s success closes the breaker');
rollback to half_open;
select is(pg_temp.seen('2030-01-15 12:01Z', pg_temp.ended('failure', p_label => 'probe')), 'open 4', 'its failure opens it again');
select results_eq($$select opened_at, open_until from tollhouse_private.breakers where state = 'open'$$, $$values ('2030-01-15 12:00Z'::timestamptz, '2030-01-15 12:01:30Z'::timestamptz)$$, 'for another cool-down from then on, as old as it was');
rollback to half_open;
select is(pg_temp.seen('2030-01-15 12:01Z', pg_temp.ended('ignored', p_label => 'probe')), 'open 3', 'a probe that says nothing of the provider leaves it open');
select is(
  tollhouse_private.guard_breaker((select state from tollhouse_private.breakers where user_id = 'ann' and tenant_id = 'acme' and provider = 'mock'),
    (select open_until from tollhouse_private.breakers where user_id = 'ann' and tenant_id = 'acme' and provider = 'mock'), '2030-01-15 12:01Z'),
  'probe', 'and its slot goes to the next call at once');
rollback to start;

-- The provider's own.
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure'), pg_temp.ended('failure', 'ann', p_tenant_id => 'globex'), pg_temp.ended('success'), pg_temp.ended('success'), pg_temp.ended('success'));
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure'));
select tollhouse_private.begin_probes(array[jsonb_populate_record(null::tollhouse_private.route, jsonb_build_object(
  'job', jsonb_build_object('tenant_id', 'acme', 'user_id', 'ann', 'call_id', md5('probe')), 'provider', 'mock', 'user_probe', false, 'provider_probe', true))]);
savepoint provider_probe;
select pg_temp.seen('2030-01-15 12:00:40Z', pg_temp.ended('failure', 'bob', p_label => 'probe'));
select results_eq('select state, opened_at, open_until, reason from tollhouse_private.provider_breakers', $$values ('open', '2030-01-15 12:00Z'::timestamptz, '2030-01-15 12:01:10Z'::timestamptz, '3 of 6 calls failed')$$,
  'its failure leaves the provider''s breaker open for another cool-down, with what had opened it and when');
rollback to provider_probe;
select pg_temp.seen('2030-01-15 12:00:40Z', pg_temp.ended('success', 'bob', p_label => 'probe'));
select is(pg_temp.provider_state(), 'closed', 'its success closes the provider''s breaker');
select pg_temp.seen('2030-01-15 12:00:41Z', pg_temp.ended('failure', 'bob'), pg_temp.ended('failure', 'cyd'));
select is(pg_temp.provider_state(), 'closed', 'which then counts anew: what had opened it does not open it again');
rollback to provider_probe;
select pg_temp.seen('2030-01-15 12:00:40Z', pg_temp.ended('ignored', 'bob', p_label => 'probe'));
select results_eq('select state, open_until from tollhouse_private.provider_breakers', $$values ('open', '2030-01-15 12:00:40Z'::timestamptz)$$,
  'a neutral probe frees the slot for the next call');

select * from finish();
rollback;
