-- Deploy tollhouse:ops/set_capture_policy to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.set_capture_policy(
  p_tenant_id text,
  p_policy text,
  p_reason text
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_tenant_id constant text collate "C" := set_capture_policy.p_tenant_id;
  p_policy constant text collate "C" := set_capture_policy.p_policy;
  p_reason constant text collate "C" := set_capture_policy.p_reason;
  v_before jsonb;
begin
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  perform tollhouse_private.check_value(p_policy in ('full', 'metadata', 'none'),
    format('policy %s', coalesce(quote_literal(p_policy), 'null')), 'A policy is full, metadata or none.');
  select to_jsonb(ts) into v_before from tollhouse_private.tenant_settings as ts where ts.tenant_id = p_tenant_id;
  insert into tollhouse_private.tenant_settings (tenant_id, capture_policy)
  values (p_tenant_id, p_policy)
  on conflict (tenant_id) do update set capture_policy = excluded.capture_policy;
  perform tollhouse_private.audit('set_capture_policy', jsonb_build_object('tenant_id', p_tenant_id), p_reason, v_before,
    jsonb_build_object('capture_policy', p_policy));
end
$$;
comment on function tollhouse_ops.set_capture_policy(text, text, text) is
  'What is kept of a tenant''s calls from now on: full, metadata or none. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.set_capture_policy(text, text, text) from public;
grant execute on function tollhouse_ops.set_capture_policy(text, text, text) to tollhouse_operator;

commit;
