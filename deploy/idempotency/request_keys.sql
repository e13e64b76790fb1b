-- Deploy tollhouse:idempotency/request_keys to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.request_keys (
  tenant_id text collate "C" not null,
  endpoint text collate "C" not null,
  request_id text collate "C" not null,
  user_id text collate "C" not null,
  call_id uuid not null,
  created_at timestamptz not null,
  fingerprint bytea not null,
  constraint request_keys_pkey primary key (tenant_id, endpoint, request_id, user_id)
);
create index request_keys_created_at_idx on tollhouse_private.request_keys (created_at);
comment on table tollhouse_private.request_keys is
  'Idempotency keys: the call that a user''s request id at an endpoint belongs to. The user is part of the key, so nobody waits for, or learns of, another user''s ids. Kept as long as the ledger, so that one request can never have two ledger rows.';
comment on column tollhouse_private.request_keys.fingerprint is 'SHA-256 of user, endpoint, request, model and watermark.';

alter table tollhouse_private.request_keys enable row level security;
alter table tollhouse_private.request_keys force row level security;
create policy request_keys_all_engine on tollhouse_private.request_keys
  to tollhouse_engine using (true) with check (true);
create policy request_keys_select_owner on tollhouse_private.request_keys
  for select to tollhouse_owner
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
grant select, insert, delete on tollhouse_private.request_keys to tollhouse_engine;

commit;
