-- Deploy tollhouse:ops/kill_switch to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.pull_kill_switch(
  p_scope text,
  p_target text,
  p_reason text,
  p_tenant_id text default ''
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_scope constant text collate "C" := pull_kill_switch.p_scope;
  p_target constant text collate "C" := pull_kill_switch.p_target;
  p_reason constant text collate "C" := pull_kill_switch.p_reason;
  p_tenant_id constant text collate "C" := pull_kill_switch.p_tenant_id;
  v_tenant_id text collate "C" := coalesce(nullif(p_tenant_id, ''), case p_scope when 'tenant' then p_target else '' end);
  v_before jsonb;
  v_after jsonb;
begin
  perform tollhouse_private.check_value(
    p_scope in ('global', 'provider', 'model', 'endpoint', 'tenant', 'user'),
    format('scope %s', coalesce(quote_literal(p_scope), 'null')),
    'A scope is global, provider, model, endpoint, tenant or user.');
  if p_scope = 'global' then
    perform tollhouse_private.check_value(p_target = '*', format('target %s', coalesce(quote_literal(p_target), 'null')), 'The target of global is *.');
  else
    perform tollhouse_private.check_target(p_scope, p_target);
  end if;
  if p_scope = 'user' then
    perform tollhouse_private.check_value(v_tenant_id <> '', format('user %L without a tenant', p_target), 'Name the user''s tenant: p_tenant_id => ''acme''.');
    perform tollhouse_private.check_target('tenant', v_tenant_id);
  else
    perform tollhouse_private.check_value(v_tenant_id = case p_scope when 'tenant' then p_target else '' end,
      format('tenant %L', v_tenant_id), 'Only a user switch takes a tenant; this one would also stop calls of other tenants.');
  end if;

  select to_jsonb(ks) into v_before
  from tollhouse_private.kill_switches as ks
  where ks.scope = p_scope and ks.tenant_id = v_tenant_id and ks.target = p_target;
  insert into tollhouse_private.kill_switches as ks (scope, tenant_id, target, reason, set_by, set_at)
  values (p_scope, v_tenant_id, p_target, coalesce(p_reason, ''), session_user, clock_timestamp())
  on conflict (scope, tenant_id, target) do update
  set reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at
  returning to_jsonb(ks) into v_after;

  perform tollhouse_private.audit('pull_kill_switch',
    jsonb_build_object('scope', p_scope, 'tenant_id', nullif(v_tenant_id, ''), 'target', p_target), p_reason, v_before, v_after);
  perform tollhouse_private.tell('tollhouse_control', array['']);
end
$$;
comment on function tollhouse_ops.pull_kill_switch(text, text, text, text) is
  'Stops matching calls, at the next decision and in flight, until lift_kill_switch. p_scope: global (target *), provider, model, endpoint, tenant, or user (with p_tenant_id). Raises TH301, TH302, TH303.';

revoke execute on function tollhouse_ops.pull_kill_switch(text, text, text, text) from public;
grant execute on function tollhouse_ops.pull_kill_switch(text, text, text, text) to tollhouse_operator;

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

create function tollhouse_ops.stop_everything(
  p_reason text
)
  returns void
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  select tollhouse_ops.pull_kill_switch('global', '*', p_reason collate "C")
$$;
comment on function tollhouse_ops.stop_everything(text) is
  'No call is admitted from now on and those in flight are aborted. Undone by resume_everything. Raises TH301.';

revoke execute on function tollhouse_ops.stop_everything(text) from public;
grant execute on function tollhouse_ops.stop_everything(text) to tollhouse_operator;

create function tollhouse_ops.resume_everything(
  p_reason text
)
  returns boolean
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  select tollhouse_ops.lift_kill_switch('global', '*', p_reason collate "C")
$$;
comment on function tollhouse_ops.resume_everything(text) is
  'Lifts the global switch; narrower ones stay. False if it was not pulled. Raises TH301.';

revoke execute on function tollhouse_ops.resume_everything(text) from public;
grant execute on function tollhouse_ops.resume_everything(text) to tollhouse_operator;

commit;
