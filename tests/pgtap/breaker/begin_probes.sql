begin;
select plan(1);

\ir scene.psql

select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure'), pg_temp.ended('failure', 'ann', p_tenant_id => 'globex'), pg_temp.ended('success'), pg_temp.ended('success'), pg_temp.ended('success'));
select pg_temp.seen('2030-01-15 12:00Z', pg_temp.ended('failure'));
select tollhouse_private.begin_probes(array[jsonb_populate_record(null::tollhouse_private.route, jsonb_build_object(
  'job', jsonb_build_object('tenant_id', 'acme', 'user_id', 'ann', 'call_id', md5('probe')), 'provider', 'mock', 'user_probe', false, 'provider_probe', true))]);
select results_eq('select state, probe_call_id from tollhouse_private.provider_breakers', $$values ('half_open', md5('probe')::uuid)$$,
  'an admitted probe makes the breaker half-open');

select * from finish();
rollback;
