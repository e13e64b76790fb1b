-- Deploy tollhouse:breaker/breakers to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.breakers (
  tenant_id text collate "C" not null,
  user_id text collate "C" not null,
  provider text collate "C" not null,
  state text collate "C" not null default 'closed',
  consecutive_failures integer not null default 0,
  opened_at timestamptz,
  open_until timestamptz,
  probe_call_id uuid,
  reason text collate "C",
  constraint breakers_pkey primary key (tenant_id, user_id, provider),
  constraint breakers_state_check check (
    (state = 'closed' and open_until is null and probe_call_id is null)
    or (state = 'open' and open_until is not null and probe_call_id is null)
    or (state = 'half_open' and open_until is not null and probe_call_id is not null)
  )
) with (fillfactor = 70);
create index breakers_open_idx on tollhouse_private.breakers (open_until) where state = 'open';
comment on table tollhouse_private.breakers is
  'Stops one user''s calls to a provider after consecutive failures; no row means closed.';
comment on column tollhouse_private.breakers.state is
  'closed; open: nothing passes before open_until, then one probe; half_open: probe_call_id is that probe and nothing else passes.';
comment on column tollhouse_private.breakers.opened_at is 'When it opened; a failed probe changes only open_until.';
comment on column tollhouse_private.breakers.reason is 'Reason given by the operator who opened it; null: opened by consecutive failures.';

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
  for select to tollhouse_operator, tollhouse_auditor, tollhouse_monitor using (true);

grant select, insert, update, delete on tollhouse_private.breakers to tollhouse_engine;
grant select on tollhouse_private.breakers to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
