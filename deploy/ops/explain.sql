-- Deploy tollhouse:ops/explain to pg
-- requires: idempotency/request_keys
-- requires: admission/explain_call

begin;
set local role tollhouse_engine;

create function tollhouse_ops.explain(
  p_tenant_id text,
  p_endpoint text,
  p_request_id text
)
  returns table (
    call_id uuid,
    status text,
    why text,
    what_to_do text,
    since timestamptz,
    next_try_at timestamptz,
    queue_position bigint,
    attempts integer,
    last_error text
  )
  language plpgsql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_key tollhouse_private.request_keys;
begin
  select rk.* into v_key from tollhouse_private.request_keys as rk
  where rk.tenant_id = p_tenant_id and rk.endpoint = p_endpoint and rk.request_id = p_request_id;
  if found then
    return query select e.* from tollhouse_private.explain_call(v_key, clock_timestamp()) as e;
    return;
  end if;
  status := 'unknown';
  why := format('Tenant %L has no call with this request id at endpoint %L.', left(p_tenant_id, 128), left(p_endpoint, 128));
  what_to_do := 'Check all three, and whether the transaction that enqueued it was committed.';
  return next;
end
$$;
comment on function tollhouse_ops.explain(text, text, text) is
  'What tollhouse.explain tells the caller of a call, for whoever is asked about it.';

revoke execute on function tollhouse_ops.explain(text, text, text) from public;
grant execute on function tollhouse_ops.explain(text, text, text) to tollhouse_operator, tollhouse_auditor;

commit;
