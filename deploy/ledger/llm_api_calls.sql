-- Deploy tollhouse:ledger/llm_api_calls to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.llm_api_calls (
  tenant_id text collate "C" not null,
  call_id uuid not null,
  created_at timestamptz not null,
  finished_at timestamptz not null,
  user_id text collate "C" not null,
  endpoint text collate "C" not null,
  request_id text collate "C" not null,
  fingerprint bytea not null,
  status text collate "C" not null,
  blocked_reason text collate "C",
  was_cached boolean not null,
  was_coalesced boolean not null default false,
  provider_attempted boolean not null,
  attempts integer not null,
  provider text collate "C",
  model text collate "C",
  input_tokens integer,
  cached_input_tokens integer,
  output_tokens integer,
  reasoning_tokens integer,
  cost_micro_usd bigint not null,
  cost_basis text collate "C" not null,
  saved_micro_usd bigint,
  refused_micro_usd bigint,
  latency_ms integer,
  error_code text collate "C",
  error_message text collate "C",
  content_ref uuid,
  reasoning_ref uuid,
  metadata_ref uuid,
  constraint llm_api_calls_pkey primary key (tenant_id, call_id, created_at),
  constraint llm_api_calls_status_check check (status in ('success', 'failed', 'blocked', 'cancelled')),
  constraint llm_api_calls_blocked_reason_check check ((status = 'blocked') = (blocked_reason is not null)),
  constraint llm_api_calls_was_cached_check check (not was_cached or (status = 'success' and not provider_attempted and cost_micro_usd = 0)),
  constraint llm_api_calls_was_coalesced_check check (not was_coalesced or was_cached),
  constraint llm_api_calls_cost_check check (cost_micro_usd >= 0),
  constraint llm_api_calls_saved_check check (saved_micro_usd is null or (was_cached and saved_micro_usd >= 0)),
  constraint llm_api_calls_cost_basis_check check (cost_basis in ('none', 'usage', 'reservation'))
) partition by range (created_at);
-- Rows arrive in created_at order, so a few index pages cover the last day and inserts pay next to nothing.
create index llm_api_calls_created_at_idx on tollhouse_private.llm_api_calls using brin (created_at) with (autosummarize = on);
-- To see during an incident what is being refused; other calls pay nothing for it.
create index llm_api_calls_blocked_idx on tollhouse_private.llm_api_calls (created_at) where status = 'blocked';
-- Covers the monthly sum of savings; only cached calls, which cost nothing else, pay for it.
create index llm_api_calls_cached_idx on tollhouse_private.llm_api_calls (tenant_id, created_at)
  include (user_id, endpoint, model, was_coalesced, saved_micro_usd) where was_cached;

comment on table tollhouse_private.llm_api_calls is
  'The ledger: one row per call, written once with its outcome. request_keys maps each request to its call_id and created_at, which are in the primary key here, so a request has exactly one row. To look up a request id, start at request_keys.';
comment on column tollhouse_private.llm_api_calls.was_coalesced is
  'For a cached call: whether it waited for an identical request in flight instead of paying twice.';
comment on column tollhouse_private.llm_api_calls.provider_attempted is 'Whether a request may have reached a provider.';
comment on column tollhouse_private.llm_api_calls.cost_micro_usd is 'Cost of all attempts known at the outcome, in micro-USD, rounded up per attempt.';
comment on column tollhouse_private.llm_api_calls.cost_basis is
  'usage: computed from the tokens the provider reported. reservation: an attempt may have been billed without reporting usage, so its highest possible cost was charged. none: nothing could be billed.';
comment on column tollhouse_private.llm_api_calls.refused_micro_usd is
  'Highest possible cost of the refused attempt, in micro-USD; set if a monthly cap or the call''s own limit refused it.';
comment on column tollhouse_private.llm_api_calls.saved_micro_usd is
  'For a cached call: what the answer originally cost, in micro-USD; null for any other call.';
comment on column tollhouse_private.llm_api_calls.latency_ms is 'How long the last attempt took.';
comment on column tollhouse_private.llm_api_calls.content_ref is 'call_content row with request and response, when they are kept.';
comment on column tollhouse_private.llm_api_calls.reasoning_ref is 'call_content row with the model''s reasoning, when it is kept.';
comment on column tollhouse_private.llm_api_calls.metadata_ref is 'call_content row with the provider''s metadata, when it is kept.';

alter table tollhouse_private.llm_api_calls enable row level security;
alter table tollhouse_private.llm_api_calls force row level security;
create policy llm_api_calls_all_engine on tollhouse_private.llm_api_calls
  to tollhouse_engine using (true) with check (true);
create policy llm_api_calls_select_identity on tollhouse_private.llm_api_calls
  for select to tollhouse_client, tollhouse_owner
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy llm_api_calls_insert_owner on tollhouse_private.llm_api_calls
  for insert to tollhouse_owner
  with check (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy llm_api_calls_select_operator on tollhouse_private.llm_api_calls
  for select to tollhouse_operator, tollhouse_auditor, tollhouse_monitor using (true);

-- Append-only: nobody but a superuser may update or delete, not even the owner.
revoke update, delete, truncate on tollhouse_private.llm_api_calls from tollhouse_owner;
grant select, insert on tollhouse_private.llm_api_calls to tollhouse_engine;
grant select on tollhouse_private.llm_api_calls to tollhouse_client, tollhouse_operator, tollhouse_auditor;
-- The monitor gets numbers and names, but no provider messages, which may quote the request, and no hash of it.
grant select (
  tenant_id, call_id, created_at, finished_at, user_id, endpoint, request_id, status, blocked_reason, was_cached, was_coalesced,
  provider_attempted, attempts, provider, model, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
  cost_micro_usd, cost_basis, saved_micro_usd, refused_micro_usd, latency_ms, error_code
) on tollhouse_private.llm_api_calls to tollhouse_monitor;

commit;
