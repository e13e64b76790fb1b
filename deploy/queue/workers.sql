-- Deploy tollhouse:queue/workers to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.workers (
  worker_id uuid not null,
  name text collate "C" not null,
  version text collate "C" not null,
  capacity integer not null,
  in_flight integer not null default 0,
  idle boolean not null default false,
  started_at timestamptz not null,
  alive_until timestamptz not null,
  last_tenant_id text collate "C" not null default '',
  last_due_tenant_id text collate "C" not null default '',
  constraint workers_pkey primary key (worker_id),
  constraint workers_capacity_check check (capacity between 1 and 100000)
) with (fillfactor = 50, autovacuum_vacuum_threshold = 100, autovacuum_vacuum_scale_factor = 0);

comment on table tollhouse_private.workers is 'One row per live worker: its lease covers every call it holds.';
comment on column tollhouse_private.workers.idle is 'Asleep and waiting for a notification; enqueue checks this before sending one.';
comment on column tollhouse_private.workers.last_tenant_id is 'The tenant after which its round over the tenants continues.';
comment on column tollhouse_private.workers.last_due_tenant_id is
  'Where its round over the tenants goes on that have more calls due than it queues at once.';

grant select, insert, update, delete on tollhouse_private.workers to tollhouse_engine;
grant select on tollhouse_private.workers to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
