begin;
select plan(7);

set local role tollhouse_auditor;
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
select is_empty(
  $$
    select who.rolname from pg_roles as who
    where who.rolname in ('tollhouse_client', 'tollhouse_worker') and has_table_privilege(who.oid, 'tollhouse_ops.database_health', 'select')
  $$,
  'tenants and workers do not'
);

select * from finish();
rollback;
