-- Deploy tollhouse:breaker/provider_windows to pg
-- requires: platform/schemas

begin;
set local role tollhouse_owner;

-- One counter row per worker, so that no two workers' batches wait for each other.
create table tollhouse_private.provider_windows (
  provider text not null,
  worker_id uuid not null,
  window_start timestamptz not null,
  calls bigint not null,
  failures bigint not null,
  failing_users text[] not null,
  constraint provider_windows_pkey primary key (provider, worker_id)
) with (fillfactor = 50);
comment on table tollhouse_private.provider_windows is 'Outcomes of the running window, per provider and worker.';
comment on column tollhouse_private.provider_windows.failing_users is 'Up to two distinct tenant/user pairs that failed.';

grant select, insert, update, delete on tollhouse_private.provider_windows to tollhouse_engine;
grant select on tollhouse_private.provider_windows to tollhouse_operator, tollhouse_auditor;

commit;
