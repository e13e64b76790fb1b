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
begin
  if cardinality(p_settlements) = 0 then
    return;
  end if;

  v_settlements := tollhouse_private.materialize(p_settlements);

  with closing as (
    select
      s.*,
      case when s.status = 'success' then tollhouse_private.stricter_capture(tt.capture, ts.capture_policy) end as capture
    from unnest(v_settlements) as s
    left join tollhouse_private.task_types as tt on tt.endpoint = (s.job).endpoint
    left join tollhouse_private.tenant_settings as ts on ts.tenant_id = (s.job).tenant_id
  ),
  kept as (
    insert into tollhouse_private.call_content
      (tenant_id, call_id, created_at, user_id, request, response, reasoning, metadata)
    select
      (c.job).tenant_id, (c.job).call_id, (c.job).created_at, (c.job).user_id,
      case c.capture when 'full' then coalesce((c.job).request, (
        select j.request from tollhouse_private.jobs as j
        where j.tenant_id = (c.job).tenant_id and j.call_id = (c.job).call_id
      )) end,
      case c.capture when 'full' then (c.result).response end,
      case c.capture when 'full' then (c.result).reasoning end,
      jsonb_strip_nulls(jsonb_build_object('client', (c.job).metadata, 'provider', (c.result).metadata))
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
    (c.job).request_id, (c.job).fingerprint,
    c.status, c.blocked_reason, c.was_cached, c.was_cached and (c.job).waits_for is not distinct from 'flight', (c.job).provider_attempted or c.sent,
    (c.job).attempts - (c.job).unsent - ((c.result).outcome is not distinct from 'not_sent')::integer,
    coalesce((c.job).provider, (c.result).provider), coalesce((c.job).model, (c.result).model),
    (c.result).input_tokens, (c.result).cached_input_tokens, (c.result).output_tokens, (c.result).reasoning_tokens,
    (c.job).spent_micro_usd + c.cost_micro_usd,
    case
      when 'reservation' in ((c.job).cost_basis, c.cost_basis) then 'reservation'
      when 'usage' in ((c.job).cost_basis, c.cost_basis) then 'usage'
      else 'none'
    end,
    case when c.was_cached then (c.result).saved_micro_usd end,
    case when c.blocked_reason in ('monthly_cap_exceeded', 'max_cost_exceeded') then (select min(p.highest) from tollhouse_private.prospects(c.job, p_now) as p) end,
    (c.result).latency_ms,
    case when c.status = 'success' then (c.result).error_code else coalesce((c.result).error_code, (c.job).error_code) end,
    case when c.status = 'success' then (c.result).error_message else coalesce((c.result).error_message, (c.job).error_message) end,
    case when c.capture = 'full' then (c.job).call_id end,
    case when c.capture = 'full' and (c.result).reasoning is not null then (c.job).call_id end,
    case when c.capture in ('full', 'metadata') then (c.job).call_id end
  from closing as c;

  -- By place: a probe of the key for each, whatever the planner thinks of the queue.
  delete from tollhouse_private.jobs as j
  where j.ctid = any (array(
    select (
      select k.ctid from tollhouse_private.jobs as k where k.tenant_id = (s.job).tenant_id and k.call_id = (s.job).call_id
    )
    from unnest(p_settlements) as s
  ));
end
$$;
comment on function tollhouse_private.close_calls(tollhouse_private.settlement[], timestamptz) is
  'Takes finished calls out of the queue: ledger, content, materialized rows. A worker''s caller releases their flights first.';

revoke execute on function tollhouse_private.close_calls(tollhouse_private.settlement[], timestamptz) from public;
grant execute on function tollhouse_private.close_calls(tollhouse_private.settlement[], timestamptz) to tollhouse_engine;

commit;
