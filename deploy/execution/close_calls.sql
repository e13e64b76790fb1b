-- Deploy tollhouse:execution/close_calls to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.ending(
  p_job tollhouse_private.work,
  p_status text,
  p_reason text default null,
  p_answer tollhouse_private.attempt_result default null,
  p_unqueued tollhouse_private.jobs default null,
  p_need_micro_usd bigint default null
)
  returns tollhouse_private.settlement
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return row(
    p_job, p_answer, p_status, p_reason, p_status = 'success', false, 'ignored', 0, 'none', null,
    case when p_status = 'success' then tollhouse_private.capture_of(p_job.tenant_id, p_job.endpoint) end,
    null,
    case when p_status = 'success' then (select tt.materializer from tollhouse_private.task_types as tt where tt.endpoint = p_job.endpoint) end,
    p_unqueued, p_need_micro_usd
  )::tollhouse_private.settlement;
end
$$;
comment on function tollhouse_private.ending(tollhouse_private.work, text, text, tollhouse_private.attempt_result, tollhouse_private.jobs, bigint) is
  'What becomes of a call that no attempt ended: blocked for a reason, cancelled, or a success with an answer from the cache. p_unqueued: the whole job, of a call that never was in the queue. p_need_micro_usd: as its verdict says.';

create function tollhouse_private.materialize(
  p_settlements tollhouse_private.settlement[]
)
  returns tollhouse_private.settlement[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  -- What a client holds, every worker would wait for.
  set lock_timeout = '1s'
as $$
declare
  v_task record;
  v_settlement tollhouse_private.settlement;
  v_result tollhouse_private.attempt_result;
  v_failure text;
begin
  for v_task in
    select i as position, p_settlements[i].materializer, p_settlements[i].capture = 'full' as keeps
    from generate_subscripts(p_settlements, 1) as i
    where p_settlements[i].status = 'success' and p_settlements[i].materializer is not null
  loop
    v_settlement := p_settlements[v_task.position];
    v_failure := null;
    begin
      if (v_settlement.result).materialize is false then
        v_failure := 'it exceeded the worker''s statement timeout';
      else
        execute format('select %s($1, $2, $3, $4, $5, $6)', v_task.materializer)
        using (v_settlement.job).tenant_id, (v_settlement.job).user_id, (v_settlement.job).call_id,
          (v_settlement.job).created_at,
          case when v_task.keeps then coalesce(
            (select j.request from tollhouse_private.jobs as j where j.ctid = (v_settlement.job).place),
            (v_settlement.unqueued).request
          ) end,
          case when v_task.keeps then (v_settlement.result).response end;
      end if;
    exception
      -- Whatever a materializer raises affects only its own call.
      when query_canceled or assert_failure or others then
        if sqlstate = '57014' and clock_timestamp() - statement_timestamp() >= nullif(current_setting('statement_timeout')::interval, '0') then
          raise;
        end if;
        v_failure := format('%s (%s)', sqlerrm, sqlstate);
    end;
    if v_failure is not null then
      v_result := v_settlement.result;
      v_result.error_code := 'materializer_failed';
      v_result.error_message := left(format('%s: %s', v_task.materializer, v_failure), 500);
      v_settlement.result := v_result;
      p_settlements[v_task.position] := v_settlement;
    end if;
  end loop;
  return p_settlements;
end
$$;
comment on function tollhouse_private.materialize(tollhouse_private.settlement[]) is
  'Runs the materializers of those successes that have one, each in a subtransaction and with a second for each lock; one that raises, or that the worker says to leave out, marks its own call materializer_failed. They get a null request and response where nothing of them may be kept.';

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
  v_settlements tollhouse_private.settlement[] := p_settlements;
  v_queued boolean := exists (select from unnest(p_settlements) as s where (s.job).place is not null);
  v_closed bigint;
begin
  if cardinality(p_settlements) = 0 then
    return;
  end if;

  if exists (select from unnest(p_settlements) as s where s.status = 'success' and s.materializer is not null) then
    v_settlements := tollhouse_private.materialize(p_settlements);
  end if;

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
    select e.*, case when e.status = 'success' then e.capture end as keeps from ended as e
  ),
  kept as (
    insert into tollhouse_private.call_content
      (tenant_id, call_id, created_at, user_id, request, response, reasoning, metadata)
    select
      (c.job).tenant_id, (c.job).call_id, (c.job).created_at, (c.job).user_id,
      case c.keeps when 'full' then c.request end,
      case c.keeps when 'full' then (c.result).response end,
      case c.keeps when 'full' then (c.result).reasoning end,
      jsonb_strip_nulls(jsonb_build_object('client', c.metadata, 'provider', (c.result).metadata))
    from closing as c
    where c.keeps in ('full', 'metadata')
  ),
  handed_over as (
    insert into tollhouse_private.deliveries (tenant_id, call_id, user_id, response, expires_at)
    select (c.job).tenant_id, (c.job).call_id, (c.job).user_id, (c.result).response, p_now + st.delivery_ttl
    from closing as c
    cross join tollhouse_private.settings as st
    where c.keeps in ('metadata', 'none')
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
    c.need_micro_usd,
    (c.result).latency_ms,
    case when c.status = 'success' then (c.result).error_code else coalesce((c.result).error_code, c.last_error_code) end,
    case when c.status = 'success' then (c.result).error_message else coalesce((c.result).error_message, c.last_error_message) end,
    case when c.keeps = 'full' then (c.job).call_id end,
    case when c.keeps = 'full' and (c.result).reasoning is not null then (c.job).call_id end,
    case when c.keeps in ('full', 'metadata') then (c.job).call_id end
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

create function tollhouse_private.announce(
  p_settlements tollhouse_private.settlement[]
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform tollhouse_private.tell_each(
    array_agg(tollhouse_private.done_channel_name(cs.secret, (s.job).tenant_id, (s.job).user_id)), array_agg((s.job).call_id::text)
  )
  from unnest(p_settlements) as s
  cross join tollhouse_private.channel_secret as cs;
end
$$;
comment on function tollhouse_private.announce(tollhouse_private.settlement[]) is
  'Tells callers that their calls are over, each on its own channel. Not for what enqueue answers itself: its caller holds the answer, and a notification for each would slow every enqueue down.';

revoke execute on function tollhouse_private.ending(tollhouse_private.work, text, text, tollhouse_private.attempt_result, tollhouse_private.jobs, bigint) from public;
grant execute on function tollhouse_private.ending(tollhouse_private.work, text, text, tollhouse_private.attempt_result, tollhouse_private.jobs, bigint) to tollhouse_engine;
revoke execute on function tollhouse_private.materialize(tollhouse_private.settlement[]) from public;
grant execute on function tollhouse_private.materialize(tollhouse_private.settlement[]) to tollhouse_engine;
revoke execute on function tollhouse_private.close_calls(tollhouse_private.settlement[], timestamptz) from public;
grant execute on function tollhouse_private.close_calls(tollhouse_private.settlement[], timestamptz) to tollhouse_engine;
revoke execute on function tollhouse_private.announce(tollhouse_private.settlement[]) from public;
grant execute on function tollhouse_private.announce(tollhouse_private.settlement[]) to tollhouse_engine;

commit;
