-- Deploy tollhouse:hourly_shutoff/hourly_spend to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.hourly_spend (
  tenant_id text collate "C" not null,
  user_id text collate "C" not null default '',
  hour timestamptz not null,
  calls bigint not null default 0,
  spent_micro_usd bigint not null default 0,
  tripped_at_micro_usd bigint not null default 0,
  constraint hourly_spend_pkey primary key (tenant_id, user_id, hour)
) with (fillfactor = 70);
comment on table tollhouse_private.hourly_spend is 'Calls and spend per hour, of a tenant as a whole (user_id empty) and of each user.';
comment on column tollhouse_private.hourly_spend.calls is 'Attempts that ended in the hour.';
comment on column tollhouse_private.hourly_spend.tripped_at_micro_usd is
  'Spend at the last automatic shutoff of the hour; the next one takes another full threshold.';

alter table tollhouse_private.hourly_spend enable row level security;
alter table tollhouse_private.hourly_spend force row level security;
create policy hourly_spend_all_engine on tollhouse_private.hourly_spend
  to tollhouse_engine using (true) with check (true);
create policy hourly_spend_select_client on tollhouse_private.hourly_spend
  for select to tollhouse_client
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy hourly_spend_select_operator on tollhouse_private.hourly_spend
  for select to tollhouse_operator, tollhouse_auditor, tollhouse_monitor using (true);

grant select, insert, update, delete on tollhouse_private.hourly_spend to tollhouse_engine;
grant select on tollhouse_private.hourly_spend to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
