begin;
select plan(9);

\ir ../shape.psql
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.workers')$$,
  array[
    'worker_id uuid not null',
    'name text not null',
    'version text not null',
    'capacity integer not null',
    'in_flight integer not null default 0',
    'idle boolean not null default false',
    'started_at timestamp with time zone not null',
    'alive_until timestamp with time zone not null',
    'last_tenant_id text not null default ''''::text',
    'last_due_tenant_id text not null default ''''::text'
  ],
  'workers has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.workers')$$,
  array[
    'workers_capacity_check',
    'workers_pkey'
  ],
  'workers has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'workers', array['worker_id']::name[], 'workers: the key');
select indexes_are('tollhouse_private', 'workers', array['workers_pkey'], 'workers has exactly these indexes');
create function pg_temp.worker(p_capacity integer) returns void language sql as $$
  insert into tollhouse_private.workers (worker_id, name, version, capacity, started_at, alive_until)
  values (gen_random_uuid(), 'w', '1', p_capacity, now(), now() + interval '1 minute')
$$;
select lives_ok('select pg_temp.worker(1), pg_temp.worker(100000)', 'a worker takes from one call to a hundred thousand');
select throws_ok('select pg_temp.worker(0)', '23514', null, 'not none');
select throws_ok('select pg_temp.worker(100001)', '23514', null, 'not more');
select is((select bool_or(w.idle) from tollhouse_private.workers as w), false, 'a new worker is not asleep: it wants no notification');
select is((select min(w.last_tenant_id) from tollhouse_private.workers as w), '', 'its round begins with the first tenant');

select * from finish();
rollback;
