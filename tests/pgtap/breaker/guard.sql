begin;
select plan(10);

\ir scene.psql

select is(tollhouse_private.guard_breaker(null, null, '2030-01-15 12:00Z'), 'pass', 'no row means a closed breaker');
select is(tollhouse_private.guard_breaker('closed', null, '2030-01-15 12:00Z'), 'pass', 'a closed breaker lets pass');
select is(tollhouse_private.guard_breaker('open', '2030-01-15 12:00:00.000001Z', '2030-01-15 12:00Z'), 'stop', 'an open breaker stops until the last microsecond of its cool-down');
select is(tollhouse_private.guard_breaker('open', '2030-01-15 12:00Z', '2030-01-15 12:00Z'), 'probe', 'at the end of the cool-down an open breaker lets one probe pass');
select is(tollhouse_private.guard_breaker('half_open', '2030-01-01Z', '2030-01-15 12:00Z'), 'stop', 'while its probe is under way a half-open breaker stops, however long ago it opened');
select is(tollhouse_private.guard_breaker('open', null, '2030-01-15 12:00Z'), 'stop', 'an open breaker that nobody can date stops');

-- Whose turn it is to probe.
create function pg_temp.route(p_user_id text, p_number integer, p_user_probe boolean, p_provider_probe boolean)
  returns tollhouse_private.route
  language sql
as $$
  select jsonb_populate_record(null::tollhouse_private.route, jsonb_build_object(
    'job', jsonb_build_object('tenant_id', 'acme', 'user_id', p_user_id, 'call_id', lpad(p_number::text, 32, '0')),
    'provider', 'mock', 'user_probe', p_user_probe, 'provider_probe', p_provider_probe))
$$;
create function pg_temp.needless(p_routes tollhouse_private.route[], p_admitted tollhouse_private.route[] default '{}')
  returns text[]
  language sql
as $$
  select coalesce(array_agg(ltrim(replace(n.call_id::text, '-', ''), '0') order by n.call_id), '{}') from unnest(tollhouse_private.needless_probes(p_routes, p_admitted)) as n
$$;
select is(pg_temp.needless(array[pg_temp.route('ann', 3, true, false), pg_temp.route('ann', 2, true, false), pg_temp.route('bob', 1, false, false), pg_temp.route('bob', 4, true, false)]),
  array['3'], 'of a user''s calls the oldest probes, and each user has a breaker of their own');
select is(pg_temp.needless(array[pg_temp.route('ann', 2, false, true), pg_temp.route('bob', 1, false, true)]), array['2'],
  'the provider''s is probed by one call of all');
select is(pg_temp.needless(array[pg_temp.route('ann', 2, true, false), pg_temp.route('bob', 3, true, false)], array[pg_temp.route('ann', 1, true, false)]), array['2'],
  'where an admitted call probes, no further one does');

select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure'), pg_temp.ended('failure', 'ann', p_tenant_id => 'globex'), pg_temp.ended('success'), pg_temp.ended('success'), pg_temp.ended('success'));
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure'));
select tollhouse_private.begin_probes(array[jsonb_populate_record(null::tollhouse_private.route, jsonb_build_object(
  'job', jsonb_build_object('tenant_id', 'acme', 'user_id', 'ann', 'call_id', md5('probe')), 'provider', 'mock', 'user_probe', false, 'provider_probe', true))]);
select results_eq('select state, probe_call_id from tollhouse_private.provider_breakers', $$values ('half_open', md5('probe')::uuid)$$,
  'an admitted probe makes the breaker half-open');

select * from finish();
rollback;
