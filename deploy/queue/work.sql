-- Deploy tollhouse:queue/work to pg

begin;
set local role tollhouse_owner;

create type tollhouse_private.work as (
  place tid,
  tenant_id text collate "C",
  call_id uuid,
  user_id text collate "C",
  endpoint text collate "C",
  created_at timestamptz,
  request_bytes integer,
  max_output_tokens integer,
  requested_model text collate "C",
  max_cost_micro_usd bigint,
  cache_key bytea,
  cache_scope text collate "C",
  waits_for text collate "C",
  attempts integer,
  unsent integer,
  spent_micro_usd bigint,
  provider_attempted boolean,
  worker_id uuid,
  started_at timestamptz,
  provider text collate "C",
  model text collate "C",
  price tollhouse_private.price,
  reserved_micro_usd bigint,
  budget_month date
);
comment on type tollhouse_private.work is
  'What guards and settlement ask of a job, and where its row lies (place; null: nowhere, see settlement). What is large, the request above all, stays in the row. A place holds in the transaction that locked the row, and only for later statements of it.';

-- Inlined, it leaves the request unread where the row is stored: a batch in an array stays small, whatever is asked.
create function tollhouse_private.work_of(
  p_job tollhouse_private.jobs,
  p_place tid
)
  returns tollhouse_private.work
  language sql
  immutable
as $$
  select row(
    p_place, p_job.tenant_id, p_job.call_id, p_job.user_id, p_job.endpoint, p_job.created_at,
    p_job.request_bytes, p_job.max_output_tokens, p_job.requested_model, p_job.max_cost_micro_usd,
    p_job.cache_key, p_job.cache_scope, p_job.waits_for, p_job.attempts, p_job.unsent,
    p_job.spent_micro_usd, p_job.provider_attempted, p_job.worker_id, p_job.started_at, p_job.provider, p_job.model,
    p_job.price, p_job.reserved_micro_usd, p_job.budget_month
  )::tollhouse_private.work
$$;
comment on function tollhouse_private.work_of(tollhouse_private.jobs, tid) is
  'A job as guards and settlement see it. p_place: its ctid, when the caller has locked it.';

revoke execute on function tollhouse_private.work_of(tollhouse_private.jobs, tid) from public;
grant execute on function tollhouse_private.work_of(tollhouse_private.jobs, tid) to tollhouse_engine;

commit;
