-- Deploy tollhouse:ops/set_queue_limit to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.set_queue_limit(
  p_tenant_id text,
  p_max_calls bigint,
  p_max_bytes bigint,
  p_reason text
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_tenant_id constant text collate "C" := set_queue_limit.p_tenant_id;
  p_reason constant text collate "C" := set_queue_limit.p_reason;
  v_before jsonb;
  v_after jsonb;
begin
  if p_tenant_id is distinct from '' then
    perform tollhouse_private.check_target('tenant', p_tenant_id);
  end if;
  perform tollhouse_private.check_value(least(p_max_calls, p_max_bytes, 0) >= 0,
    format('calls %s, bytes %s', coalesce(p_max_calls::text, 'null'), coalesce(p_max_bytes::text, 'null')),
    'Each is 0 or more, or null for no limit.');

  select to_jsonb(ql) into v_before from tollhouse_private.queue_limits as ql where ql.tenant_id = p_tenant_id;
  insert into tollhouse_private.queue_limits as ql (tenant_id, max_calls, max_bytes)
  values (p_tenant_id, p_max_calls, p_max_bytes)
  on conflict (tenant_id) do update set max_calls = excluded.max_calls, max_bytes = excluded.max_bytes
  returning to_jsonb(ql) into v_after;
  perform tollhouse_private.audit('set_queue_limit', jsonb_build_object('tenant_id', nullif(p_tenant_id, '')), p_reason, v_before, v_after);
end
$$;
comment on function tollhouse_ops.set_queue_limit(text, bigint, bigint, text) is
  'How many unfinished calls a tenant may have, and how many bytes of requests, or (p_tenant_id empty) each tenant that has no limit of its own; null: no limit. What is over is refused when it is enqueued. Raises TH301, TH303.';

create function tollhouse_ops.drop_queue_limit(
  p_tenant_id text,
  p_reason text
)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_tenant_id constant text collate "C" := drop_queue_limit.p_tenant_id;
  p_reason constant text collate "C" := drop_queue_limit.p_reason;
  v_before jsonb;
begin
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  delete from tollhouse_private.queue_limits as ql where ql.tenant_id = p_tenant_id returning to_jsonb(ql) into v_before;
  if not found then
    return false;
  end if;
  perform tollhouse_private.audit('drop_queue_limit', jsonb_build_object('tenant_id', p_tenant_id), p_reason, v_before, null);
  return true;
end
$$;
comment on function tollhouse_ops.drop_queue_limit(text, text) is
  'Removes a tenant''s own limit, so that the one of all others holds for it; false if it had none. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.set_queue_limit(text, bigint, bigint, text) from public;
revoke execute on function tollhouse_ops.drop_queue_limit(text, text) from public;
grant execute on function tollhouse_ops.set_queue_limit(text, bigint, bigint, text) to tollhouse_operator;
grant execute on function tollhouse_ops.drop_queue_limit(text, text) to tollhouse_operator;

commit;
