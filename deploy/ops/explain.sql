-- Deploy tollhouse:ops/explain to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.explain(
  p_tenant_id text,
  p_endpoint text,
  p_request_id text,
  p_user_id text default null
)
  returns table (
    call_id uuid,
    user_id text,
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
  p_tenant_id constant text collate "C" := explain.p_tenant_id;
  p_endpoint constant text collate "C" := explain.p_endpoint;
  p_request_id constant text collate "C" := explain.p_request_id;
  p_user_id constant text collate "C" := explain.p_user_id;
  v_key tollhouse_private.request_keys;
begin
  for v_key in
    select rk.* from tollhouse_private.request_keys as rk
    where rk.tenant_id = p_tenant_id and rk.endpoint = p_endpoint and rk.request_id = p_request_id
      and (p_user_id is null or rk.user_id = p_user_id)
    order by rk.created_at desc
    limit 100
  loop
    return query select e.* from tollhouse_private.explain_call(v_key, clock_timestamp()) as e;
  end loop;
  if found then
    return;
  end if;
  status := 'unknown';
  why := format('Tenant %L has no call with this request id at endpoint %L%s.', left(p_tenant_id, 128), left(p_endpoint, 128),
    case when p_user_id is not null then format(' of user %L', left(p_user_id, 128)) else '' end);
  what_to_do := 'Check each of them, and whether the transaction that enqueued it was committed.';
  return next;
end
$$;
comment on function tollhouse_ops.explain(text, text, text, text) is
  'What tollhouse.explain tells the caller of a call, for whoever is asked about it: a row for each user who has used the request id, the latest hundred calls first, or p_user_id''s alone.';

revoke execute on function tollhouse_ops.explain(text, text, text, text) from public;
grant execute on function tollhouse_ops.explain(text, text, text, text) to tollhouse_operator, tollhouse_auditor;

commit;
