-- Deploy tollhouse:ops/lift_kill_switch to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.lift_kill_switch(
  p_scope text,
  p_target text,
  p_reason text,
  p_tenant_id text default ''
)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_scope constant text collate "C" := lift_kill_switch.p_scope;
  p_target constant text collate "C" := lift_kill_switch.p_target;
  p_reason constant text collate "C" := lift_kill_switch.p_reason;
  p_tenant_id constant text collate "C" := lift_kill_switch.p_tenant_id;
  v_tenant_id text collate "C" := coalesce(nullif(p_tenant_id, ''), case p_scope when 'tenant' then p_target else '' end);
  v_before jsonb;
begin
  delete from tollhouse_private.kill_switches as ks
  where ks.scope = p_scope and ks.tenant_id = v_tenant_id and ks.target = p_target
  returning to_jsonb(ks) into v_before;
  if not found then
    return false;
  end if;
  perform tollhouse_private.audit('lift_kill_switch',
    jsonb_build_object('scope', p_scope, 'tenant_id', nullif(v_tenant_id, ''), 'target', p_target), p_reason, v_before, null);
  perform tollhouse_private.wake_idle_worker();
  return true;
end
$$;
comment on function tollhouse_ops.lift_kill_switch(text, text, text, text) is
  'Lifts one switch; false if it was not pulled. Raises TH301.';

revoke execute on function tollhouse_ops.lift_kill_switch(text, text, text, text) from public;
grant execute on function tollhouse_ops.lift_kill_switch(text, text, text, text) to tollhouse_operator;

commit;
