-- Deploy tollhouse:ledger/deliveries to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.deliveries (
  tenant_id text collate "C" not null,
  call_id uuid not null,
  user_id text collate "C" not null,
  response jsonb not null,
  expires_at timestamptz not null,
  constraint deliveries_pkey primary key (tenant_id, call_id)
);
create index deliveries_expires_at_idx on tollhouse_private.deliveries (expires_at);
comment on table tollhouse_private.deliveries is
  'Answers that may not be kept, held for their caller until expires_at.';

alter table tollhouse_private.deliveries enable row level security;
alter table tollhouse_private.deliveries force row level security;
create policy deliveries_all_engine on tollhouse_private.deliveries
  to tollhouse_engine using (true) with check (true);
create policy deliveries_select_owner on tollhouse_private.deliveries
  for select to tollhouse_owner
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy deliveries_insert_owner on tollhouse_private.deliveries
  for insert to tollhouse_owner
  with check (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and user_id = (select tollhouse_private.current_user_id())
  );

grant select, insert, delete on tollhouse_private.deliveries to tollhouse_engine;
-- Deliberately nothing for operators: an answer that may not be kept is only for its caller, through result().

commit;
