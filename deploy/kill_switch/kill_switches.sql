-- Deploy tollhouse:kill_switch/kill_switches to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.kill_switches (
  scope text collate "C" not null,
  tenant_id text collate "C" not null default '',
  target text collate "C" not null,
  reason text collate "C" not null,
  set_by name not null,
  set_at timestamptz not null,
  constraint kill_switches_pkey primary key (scope, tenant_id, target),
  constraint kill_switches_scope_check check (scope in ('global', 'provider', 'model', 'endpoint', 'tenant', 'user')),
  constraint kill_switches_tenant_id_check check ((scope in ('tenant', 'user')) = (tenant_id <> '')),
  constraint kill_switches_target_check check (scope <> 'global' or target = '*')
);
comment on table tollhouse_private.kill_switches is 'A row stops everything it matches, from the next decision on and in flight.';
comment on column tollhouse_private.kill_switches.tenant_id is 'The tenant of a tenant or user switch, else empty.';
comment on column tollhouse_private.kill_switches.target is 'The stopped provider, model, endpoint, tenant or user; * for global.';

alter table tollhouse_private.kill_switches enable row level security;
alter table tollhouse_private.kill_switches force row level security;
create policy kill_switches_all_engine on tollhouse_private.kill_switches
  to tollhouse_engine using (true) with check (true);
create policy kill_switches_select_owner on tollhouse_private.kill_switches
  for select to tollhouse_owner
  using (tenant_id = '' or tenant_id = (select tollhouse_private.current_tenant_id()));
create policy kill_switches_select_client on tollhouse_private.kill_switches
  for select to tollhouse_client
  using (
    (tenant_id = '' and (select tollhouse_private.current_tenant_id()) is not null)
    or (
      tenant_id = (select tollhouse_private.current_tenant_id())
      and (scope = 'tenant' or target = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
    )
  );
create policy kill_switches_select_operator on tollhouse_private.kill_switches
  for select to tollhouse_operator, tollhouse_auditor, tollhouse_monitor using (true);

grant select, insert, update, delete on tollhouse_private.kill_switches to tollhouse_engine;
grant select on tollhouse_private.kill_switches to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
