-- Deploy tollhouse:execution/result to pg

begin;
set local role tollhouse_owner;

-- Security definer, but the owner's policies show no more than the caller's own.
create function tollhouse.result(
  p_call_id uuid
)
  returns table (
    call_id uuid,
    endpoint text,
    request_id text,
    status text,
    blocked_reason text,
    error_code text,
    error_message text,
    was_cached boolean,
    content text,
    response jsonb,
    model text,
    attempts integer,
    cost_micro_usd bigint,
    latency_ms integer,
    created_at timestamptz,
    finished_at timestamptz
  )
  language plpgsql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
  -- A plan made while the tables were empty must still work when they are full.
  set enable_seqscan = 'off'
  set enable_mergejoin = 'off'
  set jit = 'off'
as $$
declare
  v_created_at timestamptz := tollhouse_private.call_created_at(p_call_id);
begin
  if tollhouse_private.current_tenant_id() is null then
    raise exception using errcode = 'TH001', message = 'no identity',
      hint = 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;

  return query
  select
    c.call_id, c.endpoint, c.request_id, c.status, c.blocked_reason, c.error_code, c.error_message, c.was_cached,
    answer.response ->> 'content', answer.response, c.model, c.attempts, c.cost_micro_usd, c.latency_ms,
    c.created_at, c.finished_at
  from tollhouse_private.llm_api_calls as c
  left join tollhouse_private.call_content as cc
    on cc.tenant_id = c.tenant_id and cc.call_id = p_call_id and cc.created_at = v_created_at
  left join tollhouse_private.deliveries as d
    on d.tenant_id = c.tenant_id and d.call_id = p_call_id and d.expires_at > now()
  cross join lateral (select coalesce(cc.response, d.response) as response) as answer
  -- In an order that only the primary key has: a plan made for an empty month would as soon take another index.
  where c.call_id between p_call_id and p_call_id
    and c.created_at = v_created_at
  order by c.call_id
  limit 1;
  if found then
    return;
  end if;

  return query
  select
    j.call_id, j.endpoint, j.request_id, case j.state when 'coalesced' then 'queued' else j.state end, null::text,
    j.error_code, j.error_message, false, null::text, null::jsonb, j.model, j.attempts - j.unsent, j.spent_micro_usd,
    null::integer, j.created_at, null::timestamptz
  from tollhouse_private.jobs as j
  where j.call_id = p_call_id;
end
$$;
comment on function tollhouse.result(uuid) is
  'The current state of your call: one row, or none if you have no such call. content and response are null until status is success, and again once they are no longer kept. Raises TH001.';

revoke execute on function tollhouse.result(uuid) from public;
grant execute on function tollhouse.result(uuid) to tollhouse_client;

commit;
