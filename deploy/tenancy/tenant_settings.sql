-- Deploy tollhouse:tenancy/tenant_settings to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.tenant_settings (
  tenant_id tollhouse_private.identifier not null,
  capture_policy text collate "C" not null default 'full',
  constraint tenant_settings_pkey primary key (tenant_id),
  constraint tenant_settings_capture_policy_check check (capture_policy in ('full', 'metadata', 'none'))
);
comment on table tollhouse_private.tenant_settings is 'Settings of a tenant; one without a row has the defaults.';
comment on column tollhouse_private.tenant_settings.capture_policy is
  'full: request, response, reasoning and metadata are kept. metadata: only metadata is kept. none: nothing is kept or cached.';

alter table tollhouse_private.tenant_settings enable row level security;
alter table tollhouse_private.tenant_settings force row level security;
create policy tenant_settings_all_engine on tollhouse_private.tenant_settings
  to tollhouse_engine using (true) with check (true);
create policy tenant_settings_select_owner on tollhouse_private.tenant_settings
  for select to tollhouse_owner
  using (tenant_id = (select tollhouse_private.current_tenant_id()));
create policy tenant_settings_select_operator on tollhouse_private.tenant_settings
  for select to tollhouse_operator, tollhouse_auditor using (true);

grant select, insert, update, delete on tollhouse_private.tenant_settings to tollhouse_engine;
grant select on tollhouse_private.tenant_settings to tollhouse_operator, tollhouse_auditor;

commit;
