-- Deploy tollhouse:breaker/provider_windows to pg

begin;
set local role tollhouse_owner;

-- Each worker counts in rows of its own, so that no two workers' batches wait for each other.
create table tollhouse_private.provider_windows (
  provider text collate "C" not null,
  worker_id uuid not null,
  tenant_id text collate "C" not null,
  window_start timestamptz not null,
  calls bigint not null,
  failures bigint not null,
  failing_users text[] collate "C" not null,
  constraint provider_windows_pkey primary key (provider, worker_id, tenant_id)
) with (fillfactor = 50);
comment on table tollhouse_private.provider_windows is 'Outcomes of the running window, per provider, worker and tenant.';
comment on column tollhouse_private.provider_windows.failing_users is 'Up to two distinct users whose calls failed.';

alter table tollhouse_private.provider_windows enable row level security;
alter table tollhouse_private.provider_windows force row level security;
create policy provider_windows_all_engine on tollhouse_private.provider_windows
  to tollhouse_engine using (true) with check (true);
create policy provider_windows_select_operator on tollhouse_private.provider_windows
  for select to tollhouse_operator, tollhouse_auditor using (true);

grant select, insert, update, delete on tollhouse_private.provider_windows to tollhouse_engine;
grant select on tollhouse_private.provider_windows to tollhouse_operator, tollhouse_auditor;

commit;
