-- Deploy tollhouse:cache/response_cache to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.response_cache (
  tenant_id text collate "C" not null,
  scope text collate "C" not null,
  endpoint text collate "C" not null,
  cache_key bytea not null,
  watermark text collate "C" not null,
  origin_call_id uuid not null,
  provider text collate "C" not null,
  model text collate "C" not null,
  cost_micro_usd bigint not null,
  response jsonb not null,
  expires_at timestamptz not null,
  constraint response_cache_pkey primary key (tenant_id, scope, endpoint, cache_key, watermark)
) with (fillfactor = 90);
create index response_cache_expires_at_idx on tollhouse_private.response_cache (expires_at);

comment on table tollhouse_private.response_cache is 'Answers that a further identical request gets instead of a provider''s.';
comment on column tollhouse_private.response_cache.scope is 'The user whose calls share the answer; empty: the whole tenant''s.';
comment on column tollhouse_private.response_cache.watermark is 'The caller''s version of the data behind the question: another watermark never matches.';
comment on column tollhouse_private.response_cache.cost_micro_usd is 'What the answer cost, and so what each hit saves.';

alter table tollhouse_private.response_cache enable row level security;
alter table tollhouse_private.response_cache force row level security;
create policy response_cache_all_engine on tollhouse_private.response_cache
  to tollhouse_engine using (true) with check (true);
create policy response_cache_select_owner on tollhouse_private.response_cache
  for select to tollhouse_owner
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and scope in ('', (select tollhouse_private.current_user_id()))
  );

grant select, insert, update, delete on tollhouse_private.response_cache to tollhouse_engine;
-- Deliberately nothing for clients and operators: an answer is read through a call.

commit;
