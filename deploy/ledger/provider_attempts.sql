-- Deploy tollhouse:ledger/provider_attempts to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.provider_attempts (
  tenant_id text collate "C" not null,
  call_id uuid not null,
  attempt integer not null,
  late boolean not null,
  created_at timestamptz not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  user_id text collate "C" not null,
  endpoint text collate "C" not null,
  provider text collate "C" not null,
  model text collate "C" not null,
  worker_id uuid not null,
  outcome text collate "C" not null,
  sent boolean not null,
  http_status integer,
  error_code text collate "C",
  error_message text collate "C",
  provider_request_id text collate "C",
  input_tokens integer,
  cached_input_tokens integer,
  output_tokens integer,
  reasoning_tokens integer,
  cost_micro_usd bigint not null,
  cost_basis text collate "C" not null,
  budget_month date not null,
  latency_ms integer,
  constraint provider_attempts_pkey primary key (tenant_id, call_id, attempt, late, created_at),
  constraint provider_attempts_cost_check check (late or cost_micro_usd >= 0),
  constraint provider_attempts_cost_basis_check check (cost_basis in ('none', 'usage', 'reservation'))
) partition by range (created_at);
-- Rows arrive in created_at order, so a few index pages cover the last day and inserts pay next to nothing.
create index provider_attempts_created_at_idx on tollhouse_private.provider_attempts using brin (created_at) with (autosummarize = on);

comment on table tollhouse_private.provider_attempts is
  'One append-only row per billable HTTP attempt. The sum of cost_micro_usd is the bill.';
comment on column tollhouse_private.provider_attempts.late is
  'The result arrived after the attempt had been given up (outcome abandoned, charged its reservation): this row holds the difference from the true cost, which may be negative.';
comment on column tollhouse_private.provider_attempts.created_at is 'created_at of the call.';
comment on column tollhouse_private.provider_attempts.sent is 'Whether the request may have reached the provider.';
comment on column tollhouse_private.provider_attempts.budget_month is 'The month of the budget that paid.';

alter table tollhouse_private.provider_attempts enable row level security;
alter table tollhouse_private.provider_attempts force row level security;
create policy provider_attempts_all_engine on tollhouse_private.provider_attempts
  to tollhouse_engine using (true) with check (true);
create policy provider_attempts_select_identity on tollhouse_private.provider_attempts
  for select to tollhouse_client, tollhouse_owner
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy provider_attempts_select_operator on tollhouse_private.provider_attempts
  for select to tollhouse_operator, tollhouse_auditor, tollhouse_monitor using (true);

revoke insert, update, delete, truncate on tollhouse_private.provider_attempts from tollhouse_owner;
grant select, insert on tollhouse_private.provider_attempts to tollhouse_engine;
grant select on tollhouse_private.provider_attempts to tollhouse_client, tollhouse_operator, tollhouse_auditor;
-- The monitor gets numbers and names, but no provider messages, which may quote the request.
grant select (
  tenant_id, call_id, attempt, late, created_at, started_at, finished_at, user_id, endpoint, provider, model, worker_id,
  outcome, sent, http_status, error_code, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
  cost_micro_usd, cost_basis, budget_month, latency_ms
) on tollhouse_private.provider_attempts to tollhouse_monitor;

commit;
