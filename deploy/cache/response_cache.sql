-- Deploy tollhouse:cache/response_cache to pg

begin;
set local role tollhouse_owner;

-- An entry is pending (expires_at is null) while its leader fetches the answer; identical calls wait instead of paying
-- too. The leader's outcome fills it, or removes it if there is no answer to keep; an expired entry becomes pending
-- again.
-- Its rules, for whoever adds a writer:
-- 1. Clients read entries and lock none: an open transaction would keep claims waiting.
-- 2. A transaction makes the entries that are missing before it locks one that was there, and both in the order of the key;
--    all that it may come to change are locked before breakers and budgets. Whoever looks after others' entries skips locked ones.
-- 3. What an entry says, whether its leader can still be sent and who waits for it is asked in a statement after the one that
--    locked it: an earlier snapshot may lack the answer that has landed, or the follower that was parked, while the lock was waited for.
-- 4. A leader that runs is replaced by nobody.
create table tollhouse_private.response_cache (
  tenant_id text collate "C" not null,
  cache_key bytea not null,
  scope text collate "C" not null,
  call_id uuid not null,
  upkeep_at timestamptz not null,
  expires_at timestamptz,
  provider text collate "C",
  model text collate "C",
  cost_micro_usd bigint,
  response jsonb,
  constraint response_cache_pkey primary key (tenant_id, cache_key),
  constraint response_cache_expires_at_check check (
    pg_catalog.num_nulls(expires_at, provider, model, cost_micro_usd) in (0, 4) and (expires_at is not null or response is null)
  )
) with (fillfactor = 40);
-- What an outcome changes is in no index, and fits where the pending entry was: so the update touches none.
create index response_cache_upkeep_at_idx on tollhouse_private.response_cache (upkeep_at);

comment on table tollhouse_private.response_cache is
  'What an identical request gets instead of a provider call: an answer, or the wait for the call that is fetching it.';
comment on column tollhouse_private.response_cache.cache_key is
  'SHA-256 of tenant, scope, endpoint, watermark and everything that determines the answer; as jobs.cache_key.';
comment on column tollhouse_private.response_cache.scope is 'The user whose calls share the answer; empty: the whole tenant.';
comment on column tollhouse_private.response_cache.call_id is 'The call that fetched the answer, or the leader of those waiting for it.';
comment on column tollhouse_private.response_cache.upkeep_at is 'When housekeeping next checks whether the entry has expired.';
comment on column tollhouse_private.response_cache.expires_at is 'When the answer expires; null while it is being fetched.';
comment on column tollhouse_private.response_cache.cost_micro_usd is 'Cost of the answer, which each hit saves.';
comment on column tollhouse_private.response_cache.response is
  'The answer, if its call''s content may not be kept; otherwise null, and it is read from call_content.';

alter table tollhouse_private.response_cache enable row level security;
alter table tollhouse_private.response_cache force row level security;
create policy response_cache_all_engine on tollhouse_private.response_cache
  to tollhouse_engine using (true) with check (true);

grant select, insert, update, delete on tollhouse_private.response_cache to tollhouse_engine;
-- Deliberately no policy for the owner, and nothing for clients and operators: all read an answer through a call.

commit;
