-- Deploy tollhouse:ops/change_shutoff to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.change_shutoff(
  p_action text,
  p_tenant_id text,
  p_user_id text,
  p_change jsonb,
  p_reason text
)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_before tollhouse_private.hourly_shutoffs;
  v_after tollhouse_private.hourly_shutoffs;
begin
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  if p_user_id is distinct from '' then
    perform tollhouse_private.check_target('user', p_user_id);
  end if;

  if p_action <> 'lift_shutoff' then
    insert into tollhouse_private.hourly_shutoffs (tenant_id, user_id) values (p_tenant_id, p_user_id) on conflict do nothing;
  end if;
  select hs.* into v_before
  from tollhouse_private.hourly_shutoffs as hs
  where hs.tenant_id = p_tenant_id and hs.user_id = p_user_id
  for update;
  if p_action = 'lift_shutoff' and v_before.disabled_until is null then
    return false;
  end if;
  v_after := jsonb_populate_record(v_before, p_change);
  update tollhouse_private.hourly_shutoffs as hs
  set
    threshold_micro_usd = v_after.threshold_micro_usd, cooldown = v_after.cooldown,
    disabled_until = v_after.disabled_until, mode = v_after.mode, reason = v_after.reason
  where hs.tenant_id = p_tenant_id and hs.user_id = p_user_id;
  perform tollhouse_private.audit(p_action,
    jsonb_build_object('tenant_id', p_tenant_id, 'user_id', nullif(p_user_id, '')), p_reason, to_jsonb(v_before), to_jsonb(v_after));
  return true;
end
$$;
comment on function tollhouse_private.change_shutoff(text, text, text, jsonb, text) is
  'Changes the named columns of one shutoff and audits it; false, and nothing is changed, if there is none to lift.';

revoke execute on function tollhouse_private.change_shutoff(text, text, text, jsonb, text) from public;

commit;
