-- Deploy tollhouse:ledger/call_content to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.call_content (
  tenant_id text collate "C" not null,
  call_id uuid not null,
  created_at timestamptz not null,
  user_id text collate "C" not null,
  request jsonb,
  response jsonb,
  reasoning text collate "C",
  metadata jsonb,
  constraint call_content_pkey primary key (tenant_id, call_id, created_at)
) partition by range (created_at);

comment on table tollhouse_private.call_content is
  'Requests and responses, as far as the capture policy allows. Months are dropped without touching the ledger.';
comment on column tollhouse_private.call_content.metadata is 'Metadata from the caller (client) and from the provider (provider).';

alter table tollhouse_private.call_content enable row level security;
alter table tollhouse_private.call_content force row level security;
create policy call_content_all_engine on tollhouse_private.call_content
  to tollhouse_engine using (true) with check (true);
create policy call_content_select_identity on tollhouse_private.call_content
  for select to tollhouse_client, tollhouse_owner
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy call_content_insert_owner on tollhouse_private.call_content
  for insert to tollhouse_owner
  with check (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy call_content_select_operator on tollhouse_private.call_content
  for select to tollhouse_operator, tollhouse_auditor using (true);

revoke update, delete, truncate on tollhouse_private.call_content from tollhouse_owner;
grant select, insert on tollhouse_private.call_content to tollhouse_engine;
grant select on tollhouse_private.call_content to tollhouse_client, tollhouse_operator, tollhouse_auditor;

commit;
