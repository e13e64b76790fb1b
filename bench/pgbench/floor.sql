-- The floor: a bare table, and what a queue does with it.
create table floor_jobs (
  id bigint generated always as identity primary key,
  tenant_id integer not null default 1,
  state smallint not null default 0,
  priority smallint not null default 0,
  run_at timestamptz not null default now(),
  attempts smallint not null default 0,
  worker_id integer,
  lease_until timestamptz,
  request jsonb not null,
  response jsonb,
  created_at timestamptz not null default now(),
  finished_at timestamptz
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
create index on floor_jobs (priority, id) where state = 0;
