-- Deploy tollhouse:admission/explain to pg

begin;
set local role tollhouse_owner;

create function tollhouse.explain(
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
  p_endpoint constant text collate "C" := explain.p_endpoint;
  p_request_id constant text collate "C" := explain.p_request_id;
  p_user_id constant text collate "C" := explain.p_user_id;
  v_key tollhouse_private.request_keys;
begin
  for v_key in
    select rk.* from tollhouse_private.request_keys as rk
    where rk.tenant_id = tollhouse_private.current_tenant_id() and rk.endpoint = p_endpoint and rk.request_id = p_request_id
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
  if tollhouse_private.current_tenant_id() is null then
    why := 'You have not said who you are, so no call is yours.';
    what_to_do := 'In the same transaction, first: select tollhouse.set_identity(''tenant'', ''user'').';
  elsif not exists (select from tollhouse_private.task_types as tt where tt.endpoint = p_endpoint) then
    why := format('There is no endpoint %L.', left(p_endpoint, 128));
    what_to_do := (select 'Known: ' || string_agg(tt.endpoint, ', ' order by tt.endpoint) || '.' from tollhouse_private.task_types as tt);
  else
    why := 'You have no call with this request id at this endpoint.';
    what_to_do := 'Check both, and whether the transaction that enqueued it was committed.';
  end if;
  return next;
end
$$;
comment on function tollhouse.explain(text, text, text) is
  'Why a call of yours is not running, or what became of it, in one row: why and what_to_do are sentences. queue_position is the call''s place among the queued calls of its user, 1 is the oldest; tenants and users take turns, so it is not how many calls go before it. A tenant''s administrator gets a row for each user who has used the request id, the latest hundred calls first, or p_user_id''s alone.';

revoke execute on function tollhouse.explain(text, text, text) from public;
grant execute on function tollhouse.explain(text, text, text) to tollhouse_client;

commit;
