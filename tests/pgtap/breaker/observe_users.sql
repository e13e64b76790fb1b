begin;
select plan(18);

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

select * from finish();
rollback;
