begin;
select plan(10);

do $$
begin
  perform tollhouse_ops.set_provider('north', 'test');
  perform tollhouse_worker.register('00000000-0000-4000-8000-000000000001', 'one', 8, '1.0'),
    tollhouse_worker.register('00000000-0000-4000-8000-000000000002', 'two', 4, '1.0');
end
$$;
update tollhouse_private.workers set alive_until = now() - interval '5 seconds', in_flight = 3, idle = true where name = 'two';
update tollhouse_private.workers set alive_until = now() + interval '10 seconds' where name = 'one';
insert into tollhouse_private.jobs (
  tenant_id, call_id, user_id, endpoint, request_id, created_at, fingerprint, request_bytes, max_output_tokens, run_at, request, state, worker_id, started_at)
select 'acme', gen_random_uuid(), 'ann', 'route', n::text, now(), '', 1, 1, now(), '{}', 'running', '00000000-0000-4000-8000-000000000001', now() - make_interval(secs => n)
from generate_series(1, 2) as n;

set local role tollhouse_auditor;
select results_eq(
  'select name, version, state, lease_left_seconds, capacity, in_flight, holds, idle, oldest_held_seconds from tollhouse_ops.workers order by name',
  $$values ('one', '1.0', 'alive', 10.0, 8, 0, 2::bigint, false, 2.0), ('two', '1.0', 'lease expired', -5.0, 4, 3, 0, true, null)$$,
  'workers: what each says, and what the queue says it holds'
);
select set_eq(
  'select relation::text from tollhouse_ops.database_health',
  $$
    select case c.relkind when 'r' then c.relname::text else format('%s_%s', c.relname, to_char(now() at time zone 'UTC', 'YYYY_MM')) end
    from pg_class as c where c.relnamespace = 'tollhouse_private'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  $$,
  'database_health: every table, and this month of each that has months'
);
select results_eq(
  $$select relation::text collate "default", months_ahead from tollhouse_ops.database_health where months_ahead is not null order by relation$$,
  $$select format('%s_%s', t, to_char(now() at time zone 'UTC', 'YYYY_MM')), 3::bigint from unnest(array['call_content', 'llm_api_calls', 'provider_attempts']) as t$$,
  'three months are ready'
);
select results_eq(
  $$select vacuum_at_dead_rows from tollhouse_ops.database_health where relation = 'workers'$$, array[100::bigint], 'a table''s own autovacuum settings count'
);
select results_eq(
  $$
    select h.vacuum_at_dead_rows = (current_setting('autovacuum_vacuum_threshold')::float8
      + current_setting('autovacuum_vacuum_scale_factor')::float8 * h.estimated_rows)::bigint
    from tollhouse_ops.database_health as h where h.relation = 'kill_switches'
  $$,
  array[true], 'else the server''s'
);
select ok((select bool_and(h.vacuum_lag is not null and h.size_mib >= 0 and h.dead_rows >= 0) from tollhouse_ops.database_health as h), 'nothing is unknown that the server counts');
select is(
  (select count(*) from tollhouse_ops.database_health as h where h.months_ahead is not null and h.months_ahead < 1), 0::bigint, 'what an alert would ask');
reset role;
set local role tollhouse_operator;
select isnt_empty('select from tollhouse_ops.workers', 'an operator reads it too');
reset role;
select is_empty(
  $$
    select who.rolname, v.name from pg_roles as who
    cross join unnest(array['tollhouse_ops.workers', 'tollhouse_ops.database_health']) as v (name)
    where who.rolname in ('tollhouse_client', 'tollhouse_worker') and has_table_privilege(who.oid, v.name, 'select')
  $$,
  'tenants and workers do not'
);
set local role tollhouse_client;
select throws_ok('select from tollhouse_ops.workers', '42501', null, 'nor do they enter the schema');

select * from finish();
rollback;
