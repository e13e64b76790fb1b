-- Deploy tollhouse:execution/close_calls to pg

begin;
set local role tollhouse_owner;

-- The one way out of the queue: every ledger row is written here.
create function tollhouse_private.close_calls(
  p_settlements tollhouse_private.settlement[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_settlements tollhouse_private.settlement[];
  v_queued boolean := exists (select from unnest(p_settlements) as s where (s.job).place is not null);
  v_closed bigint;
begin
  if cardinality(p_settlements) = 0 then
    return;
  end if;

  v_settlements := tollhouse_private.materialize(p_settlements);

  -- What the guards did not carry comes from the row that goes. A client's calls have none: it would not be found by its place.
  with removed as (
    delete from tollhouse_private.jobs as j
    where v_queued
      and j.ctid = any (array(select (s.job).place from unnest(v_settlements) as s))
    returning j.tenant_id, j.call_id, j.request_id, j.fingerprint, j.request, j.metadata, j.cost_basis as basis_before,
      j.error_code as last_error_code, j.error_message as last_error_message
  ),
  ended as (
    select s.*, r.request_id, r.fingerprint, r.request, r.metadata, r.basis_before, r.last_error_code, r.last_error_message
    from unnest(v_settlements) as s
    join removed as r on r.tenant_id = (s.job).tenant_id and r.call_id = (s.job).call_id
    union all
    select s.*, (s.unqueued).request_id, (s.unqueued).fingerprint, (s.unqueued).request, (s.unqueued).metadata,
      (s.unqueued).cost_basis, (s.unqueued).error_code, (s.unqueued).error_message
    from unnest(v_settlements) as s
    where (s.job).place is null
  ),
  closing as (
    select
      e.*,
      case when e.status = 'success' then tollhouse_private.stricter_capture(tt.capture, ts.capture_policy) end as capture
    from ended as e
    left join tollhouse_private.task_types as tt on tt.endpoint = (e.job).endpoint
    left join tollhouse_private.tenant_settings as ts on ts.tenant_id = (e.job).tenant_id
  ),
  kept as (
    insert into tollhouse_private.call_content
      (tenant_id, call_id, created_at, user_id, request, response, reasoning, metadata)
    select
      (c.job).tenant_id, (c.job).call_id, (c.job).created_at, (c.job).user_id,
      case c.capture when 'full' then c.request end,
      case c.capture when 'full' then (c.result).response end,
      case c.capture when 'full' then (c.result).reasoning end,
      jsonb_strip_nulls(jsonb_build_object('client', c.metadata, 'provider', (c.result).metadata))
    from closing as c
    where c.capture in ('full', 'metadata')
  ),
  handed_over as (
    insert into tollhouse_private.deliveries (tenant_id, call_id, user_id, response, expires_at)
    select (c.job).tenant_id, (c.job).call_id, (c.job).user_id, (c.result).response, p_now + st.delivery_ttl
    from closing as c
    cross join tollhouse_private.settings as st
    where c.capture in ('metadata', 'none')
  )
  insert into tollhouse_private.llm_api_calls (
    tenant_id, call_id, created_at, finished_at, user_id, endpoint, request_id, fingerprint,
    status, blocked_reason, was_cached, was_coalesced, provider_attempted, attempts, provider, model,
    input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_micro_usd, cost_basis, saved_micro_usd,
    refused_micro_usd,
    latency_ms, error_code, error_message, content_ref, reasoning_ref, metadata_ref
  )
  select
    (c.job).tenant_id, (c.job).call_id, (c.job).created_at, p_now, (c.job).user_id, (c.job).endpoint,
    c.request_id, c.fingerprint,
    c.status, c.blocked_reason, c.was_cached, c.was_cached and (c.job).waits_for is not distinct from 'flight', (c.job).provider_attempted or c.sent,
    (c.job).attempts - (c.job).unsent - ((c.result).outcome is not distinct from 'not_sent')::integer,
    coalesce((c.job).provider, (c.result).provider), coalesce((c.job).model, (c.result).model),
    (c.result).input_tokens, (c.result).cached_input_tokens, (c.result).output_tokens, (c.result).reasoning_tokens,
    (c.job).spent_micro_usd + c.cost_micro_usd,
    case
      when 'reservation' in (c.basis_before, c.cost_basis) then 'reservation'
      when 'usage' in (c.basis_before, c.cost_basis) then 'usage'
      else 'none'
    end,
    case when c.was_cached then (c.result).saved_micro_usd end,
    case when c.blocked_reason in ('monthly_cap_exceeded', 'max_cost_exceeded') then (select min(p.highest) from tollhouse_private.prospects(c.job, p_now) as p) end,
    (c.result).latency_ms,
    case when c.status = 'success' then (c.result).error_code else coalesce((c.result).error_code, c.last_error_code) end,
    case when c.status = 'success' then (c.result).error_message else coalesce((c.result).error_message, c.last_error_message) end,
    case when c.capture = 'full' then (c.job).call_id end,
    case when c.capture = 'full' and (c.result).reasoning is not null then (c.job).call_id end,
    case when c.capture in ('full', 'metadata') then (c.job).call_id end
  from closing as c;

  get diagnostics v_closed = row_count;
  if v_closed <> cardinality(v_settlements) then
    raise exception using
      errcode = '40001',
      message = 'a call is no longer where it lay in the queue',
      detail = format('%s of %s', v_closed, cardinality(v_settlements)),
      hint = 'Repeat the transaction.';
  end if;
end
$$;
comment on function tollhouse_private.close_calls(tollhouse_private.settlement[], timestamptz) is
  'Takes finished calls out of the queue: ledger, content, materialized rows. A worker''s caller releases their flights first.';

revoke execute on function tollhouse_private.close_calls(tollhouse_private.settlement[], timestamptz) from public;
grant execute on function tollhouse_private.close_calls(tollhouse_private.settlement[], timestamptz) to tollhouse_engine;

commit;
