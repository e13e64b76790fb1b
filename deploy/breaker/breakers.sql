-- Deploy tollhouse:breaker/breakers to pg
-- requires: tenancy/identity
-- requires: routing/providers

begin;
set local role tollhouse_owner;

create table tollhouse_private.breakers (
  tenant_id text not null,
  user_id text not null,
  provider text not null,
  state text not null default 'closed',
  consecutive_failures integer not null default 0,
  opened_at timestamptz,
  open_until timestamptz,
  probe_call_id uuid,
  constraint breakers_pkey primary key (tenant_id, user_id, provider),
  constraint breakers_state_check check (
    (state = 'closed' and open_until is null and probe_call_id is null)
    or (state = 'open' and open_until is not null and probe_call_id is null)
    or (state = 'half_open' and open_until is not null and probe_call_id is not null)
  )
) with (fillfactor = 70);
create index breakers_half_open_idx on tollhouse_private.breakers (provider) where state = 'half_open';
comment on table tollhouse_private.breakers is
  'Stops one user''s calls to a provider after consecutive failures; no row means closed.';
comment on column tollhouse_private.breakers.state is
  'closed; open: nothing passes before open_until, then one probe; half_open: probe_call_id is that probe and nothing else passes.';

create table tollhouse_private.provider_breakers (
  provider text not null,
  state text not null default 'closed',
  opened_at timestamptz,
  open_until timestamptz,
  probe_call_id uuid,
  constraint provider_breakers_pkey primary key (provider),
  constraint provider_breakers_state_check check (
    (state = 'closed' and open_until is null and probe_call_id is null)
    or (state = 'open' and open_until is not null and probe_call_id is null)
    or (state = 'half_open' and open_until is not null and probe_call_id is not null)
  )
) with (fillfactor = 70);
comment on table tollhouse_private.provider_breakers is
  'Stops everybody''s calls to a provider when a share of them fails; no row means closed.';

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

alter table tollhouse_private.breakers enable row level security;
alter table tollhouse_private.breakers force row level security;
create policy breakers_all_engine on tollhouse_private.breakers
  to tollhouse_engine using (true) with check (true);
create policy breakers_select_identity on tollhouse_private.breakers
  for select to tollhouse_client, tollhouse_owner
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy breakers_select_operator on tollhouse_private.breakers
  for select to tollhouse_operator, tollhouse_auditor using (true);

grant select, insert, update, delete
  on tollhouse_private.breakers, tollhouse_private.provider_breakers, tollhouse_private.provider_windows
  to tollhouse_engine;
grant select on tollhouse_private.breakers to tollhouse_client, tollhouse_operator, tollhouse_auditor;
grant select on tollhouse_private.provider_breakers, tollhouse_private.provider_windows to tollhouse_operator, tollhouse_auditor;

commit;
