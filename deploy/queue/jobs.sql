-- Deploy tollhouse:queue/jobs to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.jobs (
  tenant_id text collate "C" not null,
  call_id uuid not null,
  user_id text collate "C" not null,
  endpoint text collate "C" not null,
  request_id text collate "C" not null,
  created_at timestamptz not null,
  fingerprint bytea not null,
  request_bytes integer not null,
  max_output_tokens integer not null,
  requested_model text collate "C",
  max_cost_micro_usd bigint,
  cache_key bytea,
  cache_scope text collate "C" not null default '',
  state text collate "C" not null default 'queued',
  run_at timestamptz not null,
  waits_for text collate "C",
  attempts integer not null default 0,
  unsent integer not null default 0,
  worker_id uuid,
  started_at timestamptz,
  provider text collate "C",
  model text collate "C",
  price tollhouse_private.price,
  reserved_micro_usd bigint not null default 0,
  budget_month date,
  spent_micro_usd bigint not null default 0,
  need_micro_usd bigint,
  cost_basis text collate "C" not null default 'none',
  provider_attempted boolean not null default false,
  error_code text collate "C",
  error_message text collate "C",
  metadata jsonb,
  request jsonb not null,
  line text collate "C",
  constraint jobs_pkey primary key (tenant_id, call_id),
  constraint jobs_state_check check (state in ('scheduled', 'queued', 'coalesced', 'running')),
  constraint jobs_waits_for_check check (waits_for in ('run_at', 'rate_limit', 'budget', 'backoff', 'flight')),
  constraint jobs_running_check check (
    (state = 'running') = (worker_id is not null)
    and (state = 'running') = (started_at is not null)
    and (state = 'running' or reserved_micro_usd = 0)
  ),
  constraint jobs_reserved_check check (reserved_micro_usd >= 0),
  constraint jobs_line_check check (line is null or state in ('scheduled', 'queued'))
) with (
  fillfactor = 70,
  autovacuum_vacuum_threshold = 500,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.2
);
create index jobs_queued_idx on tollhouse_private.jobs (tenant_id, user_id, call_id) where state = 'queued';
create index jobs_line_idx on tollhouse_private.jobs (line, tenant_id, user_id, call_id) where line is not null;
create index jobs_scheduled_idx on tollhouse_private.jobs (run_at) where state = 'scheduled';
create index jobs_scheduled_user_idx on tollhouse_private.jobs (tenant_id, user_id, run_at) where state = 'scheduled';
create index jobs_put_off_idx on tollhouse_private.jobs (waits_for, run_at) where state = 'scheduled' and waits_for <> 'run_at';
-- The key first, a hash: where a look at a part of them begins is anywhere.
create index jobs_coalesced_idx on tollhouse_private.jobs (cache_key, tenant_id) where state = 'coalesced';
create index jobs_budget_line_idx on tollhouse_private.jobs (tenant_id, user_id, call_id)
  where waits_for = 'budget' and state in ('scheduled', 'queued');
create index jobs_running_idx on tollhouse_private.jobs (worker_id, call_id) where state = 'running';

comment on table tollhouse_private.jobs is 'The hot queue: a row from enqueue until the outcome, then deleted.';
comment on column tollhouse_private.jobs.state is
  'scheduled: waits for run_at. queued: claimable. coalesced: waits for an identical request in flight. running: held by worker_id.';
comment on column tollhouse_private.jobs.waits_for is
  'Why it is waiting, or last was: run_at, set by its caller; rate_limit; budget, until calls in flight settle; backoff, after a failed attempt; flight, for an identical request.';
comment on column tollhouse_private.jobs.line is
  'The rate limit it is in line for: scope and target.';
comment on column tollhouse_private.jobs.attempts is 'Attempts begun, including the running one; the fencing token of record.';
comment on column tollhouse_private.jobs.unsent is 'Attempts handed back before anything was sent; they do not count against max_attempts.';
comment on column tollhouse_private.jobs.cache_key is 'SHA-256 of who shares the answer (tenant, cache_scope) and what decides it (endpoint, watermark, request, models); null when the call may not use the cache.';
comment on column tollhouse_private.jobs.price is
  'The price at which the running attempt was reserved and will be settled, even if the price list changes.';
comment on column tollhouse_private.jobs.reserved_micro_usd is 'Reserved in budget_month for the running attempt.';
comment on column tollhouse_private.jobs.need_micro_usd is 'What a call waiting for a budget would reserve there.';
comment on column tollhouse_private.jobs.spent_micro_usd is 'Cost of the attempts that ended without an outcome for the call.';

alter table tollhouse_private.jobs enable row level security;
alter table tollhouse_private.jobs force row level security;
create policy jobs_all_engine on tollhouse_private.jobs
  to tollhouse_engine using (true) with check (true);
-- The owner's functions read jobs and cancel them: they insert none, lock them, and change nothing in them.
create policy jobs_select_owner on tollhouse_private.jobs
  for select to tollhouse_owner
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy jobs_update_owner on tollhouse_private.jobs
  for update to tollhouse_owner
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  )
  with check (false);
create policy jobs_delete_owner on tollhouse_private.jobs
  for delete to tollhouse_owner
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy jobs_select_client on tollhouse_private.jobs
  for select to tollhouse_client
  using (
    tenant_id = (select tollhouse_private.current_tenant_id())
    and (user_id = (select tollhouse_private.current_user_id()) or (select tollhouse_private.reads_all_users()))
  );
create policy jobs_select_operator on tollhouse_private.jobs
  for select to tollhouse_operator, tollhouse_auditor, tollhouse_monitor using (true);

grant select, insert, update, delete on tollhouse_private.jobs to tollhouse_engine;
grant select on tollhouse_private.jobs to tollhouse_client, tollhouse_operator, tollhouse_auditor;
-- The monitor gets numbers and names, but no request, metadata or provider message, and no hash to test a guess against.
grant select (
  tenant_id, call_id, user_id, endpoint, request_id, created_at, request_bytes, max_output_tokens, requested_model,
  max_cost_micro_usd, state, run_at, line, waits_for, attempts, unsent, worker_id, started_at, provider, model, reserved_micro_usd,
  budget_month, spent_micro_usd, need_micro_usd, cost_basis, provider_attempted, error_code
) on tollhouse_private.jobs to tollhouse_monitor;

commit;
