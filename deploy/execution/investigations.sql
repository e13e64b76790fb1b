-- Deploy tollhouse:execution/investigations to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.investigations (
  tenant_id text collate "C" not null,
  call_id uuid not null,
  created_at timestamptz not null,
  user_id text collate "C" not null,
  question text collate "C",
  findings text collate "C",
  constraint investigations_pkey primary key (tenant_id, call_id),
  constraint investigations_findings_check check ((question is null) = (findings is null))
);
comment on table tollhouse_private.investigations is
  'One row per successful call of the endpoint investigation; question and findings are null where nothing of them may be kept.';

alter table tollhouse_private.investigations enable row level security;
alter table tollhouse_private.investigations force row level security;
create policy investigations_all_engine on tollhouse_private.investigations
  to tollhouse_engine using (true) with check (true);
create policy investigations_select_client on tollhouse_private.investigations
  for select to tollhouse_client
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy investigations_insert_owner on tollhouse_private.investigations
  for insert to tollhouse_owner
  with check (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and user_id = (select tollhouse_private.current_user_id())
  );
create policy investigations_select_operator on tollhouse_private.investigations
  for select to tollhouse_operator, tollhouse_auditor using (true);

grant select, insert on tollhouse_private.investigations to tollhouse_engine;
grant select on tollhouse_private.investigations to tollhouse_client, tollhouse_operator, tollhouse_auditor;

commit;
