begin;
select plan(12);

\ir scene.psql

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
  tollhouse_private.breaker_gate((select state from tollhouse_private.breakers where user_id = 'ann' and tenant_id = 'acme' and provider = 'mock'),
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
rollback to start;

select lives_ok($$select tollhouse_private.observe_probes('{}', now())$$, 'an empty batch has no probe in it');

select * from finish();
rollback;
