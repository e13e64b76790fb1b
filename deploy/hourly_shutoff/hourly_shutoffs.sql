-- Deploy tollhouse:hourly_shutoff/hourly_shutoffs to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.hourly_shutoffs (
  tenant_id text collate "C" not null,
  user_id text collate "C" not null default '',
  threshold_micro_usd bigint,
  cooldown interval,
  disabled_until timestamptz,
  mode text collate "C",
  reason text collate "C",
  constraint hourly_shutoffs_pkey primary key (tenant_id, user_id),
  constraint hourly_shutoffs_threshold_check check (threshold_micro_usd > 0),
  constraint hourly_shutoffs_cooldown_check check (cooldown > '0' and cooldown <= '366 days'),
  constraint hourly_shutoffs_mode_check check (mode in ('manual', 'automatic') and (mode is null) = (disabled_until is null))
);
comment on table tollhouse_private.hourly_shutoffs is
  'Hourly spend threshold of a tenant (user_id empty) or user, and its current shutoff.';
comment on column tollhouse_private.hourly_shutoffs.threshold_micro_usd is 'Spend in one hour that triggers a shutoff, in micro-USD; null: never automatic.';
comment on column tollhouse_private.hourly_shutoffs.cooldown is 'How long an automatic shutoff lasts; null: until the hour is over.';

alter table tollhouse_private.hourly_shutoffs enable row level security;
alter table tollhouse_private.hourly_shutoffs force row level security;
create policy hourly_shutoffs_all_engine on tollhouse_private.hourly_shutoffs
  to tollhouse_engine using (true) with check (true);
create policy hourly_shutoffs_select_owner on tollhouse_private.hourly_shutoffs
  for select to tollhouse_owner
  using (tenant_id = (select tollhouse_private.current_tenant_id()));
create policy hourly_shutoffs_select_client on tollhouse_private.hourly_shutoffs
  for select to tollhouse_client
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy hourly_shutoffs_select_operator on tollhouse_private.hourly_shutoffs
  for select to tollhouse_operator, tollhouse_auditor, tollhouse_monitor using (true);

grant select, insert, update, delete on tollhouse_private.hourly_shutoffs to tollhouse_engine;
grant select on tollhouse_private.hourly_shutoffs to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
