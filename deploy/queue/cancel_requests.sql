-- Deploy tollhouse:queue/cancel_requests to pg

begin;
set local role tollhouse_owner;

-- A separate table: a client that marked the job would hold a lock, until it commits, that record waits for.
create table tollhouse_private.cancel_requests (
  tenant_id text collate "C" not null,
  call_id uuid not null,
  user_id text collate "C" not null,
  id uuid not null default pg_catalog.gen_random_uuid(),
  constraint cancel_requests_pkey primary key (tenant_id, call_id, id)
);
comment on table tollhouse_private.cancel_requests is
  'Calls that were in a worker''s hands, or without a month in the ledger, when their client cancelled them: aborted in flight, and not tried again. There may be several of a call: its user and an administrator who both ask must not wait for each other''s transactions.';

alter table tollhouse_private.cancel_requests enable row level security;
alter table tollhouse_private.cancel_requests force row level security;
create policy cancel_requests_all_engine on tollhouse_private.cancel_requests
  to tollhouse_engine using (true) with check (true);
create policy cancel_requests_select_identity on tollhouse_private.cancel_requests
  for select to tollhouse_client, tollhouse_owner
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy cancel_requests_insert_owner on tollhouse_private.cancel_requests
  for insert to tollhouse_owner
  with check (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy cancel_requests_select_operator on tollhouse_private.cancel_requests
  for select to tollhouse_operator, tollhouse_auditor using (true);

revoke update, delete, truncate on tollhouse_private.cancel_requests from tollhouse_owner;
-- Update, for the row locks of reap.
grant select, update, delete on tollhouse_private.cancel_requests to tollhouse_engine;
grant select on tollhouse_private.cancel_requests to tollhouse_client, tollhouse_operator, tollhouse_auditor;

commit;
