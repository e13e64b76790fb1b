-- Deploy tollhouse:ops/shutoff to pg
-- requires: ops/operator_audit
-- requires: shutoff/hourly_shutoffs
-- requires: queue/channels

begin;
set local role tollhouse_engine;

create function tollhouse_private.change_shutoff(
  p_action text,
  p_tenant_id text,
  p_user_id text,
  p_change jsonb,
  p_reason text
)
  returns void
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

  insert into tollhouse_private.hourly_shutoffs (tenant_id, user_id) values (p_tenant_id, p_user_id) on conflict do nothing;
  select hs.* into v_before
  from tollhouse_private.hourly_shutoffs as hs
  where hs.tenant_id = p_tenant_id and hs.user_id = p_user_id
  for update;
  v_after := jsonb_populate_record(v_before, p_change);
  update tollhouse_private.hourly_shutoffs as hs
  set
    threshold_micro_usd = v_after.threshold_micro_usd, cooldown = v_after.cooldown,
    disabled_until = v_after.disabled_until, mode = v_after.mode, reason = v_after.reason
  where hs.tenant_id = p_tenant_id and hs.user_id = p_user_id;
  perform tollhouse_private.audit(p_action,
    jsonb_build_object('tenant_id', p_tenant_id, 'user_id', nullif(p_user_id, '')), p_reason, to_jsonb(v_before), to_jsonb(v_after));
end
$$;
comment on function tollhouse_private.change_shutoff(text, text, text, jsonb, text) is
  'Changes the named columns of one shutoff and audits it.';

create function tollhouse_ops.set_shutoff(
  p_tenant_id text,
  p_user_id text,
  p_until timestamptz,
  p_reason text
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform tollhouse_private.check_value(p_until > clock_timestamp() and p_until < 'infinity',
    format('until %s', coalesce(p_until::text, 'null')), 'It must lie in the future; to stop without an end, pull a kill switch.');
  perform tollhouse_private.change_shutoff('set_shutoff', p_tenant_id, p_user_id,
    jsonb_build_object('disabled_until', p_until, 'mode', 'manual', 'reason', p_reason), p_reason);
end
$$;
comment on function tollhouse_ops.set_shutoff(text, text, timestamptz, text) is
  'Shuts a tenant (p_user_id empty) or a user off until a time. Raises TH301, TH303.';

create function tollhouse_ops.lift_shutoff(
  p_tenant_id text,
  p_user_id text,
  p_reason text
)
  returns void
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  select tollhouse_private.change_shutoff('lift_shutoff', p_tenant_id, p_user_id,
    '{"disabled_until": null, "mode": null, "reason": null}', p_reason);
  select tollhouse_private.wake_idle_worker()
$$;
comment on function tollhouse_ops.lift_shutoff(text, text, text) is
  'Ends a shutoff before its time; the threshold stays. Raises TH301, TH303.';

create function tollhouse_ops.set_hourly_threshold(
  p_tenant_id text,
  p_user_id text,
  p_threshold_micro_usd bigint,
  p_reason text,
  p_cooldown interval default null
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform tollhouse_private.check_value(p_threshold_micro_usd is null or p_threshold_micro_usd > 0,
    format('threshold %s', p_threshold_micro_usd), 'Give micro-USD above 0, or null for none.');
  perform tollhouse_private.check_value(p_cooldown is null or p_cooldown > '0',
    format('cooldown %s', p_cooldown), 'Give a positive interval, or null for until the hour is over.');
  perform tollhouse_private.change_shutoff('set_hourly_threshold', p_tenant_id, p_user_id,
    jsonb_build_object('threshold_micro_usd', p_threshold_micro_usd, 'cooldown', p_cooldown), p_reason);
end
$$;
comment on function tollhouse_ops.set_hourly_threshold(text, text, bigint, text, interval) is
  'The spend of one hour, in micro-USD, that shuts a tenant (p_user_id empty) or user off by itself, for p_cooldown or until the hour is over. Raises TH301, TH303.';

revoke execute on function tollhouse_private.change_shutoff(text, text, text, jsonb, text) from public;
revoke execute on function tollhouse_ops.set_shutoff(text, text, timestamptz, text) from public;
revoke execute on function tollhouse_ops.lift_shutoff(text, text, text) from public;
revoke execute on function tollhouse_ops.set_hourly_threshold(text, text, bigint, text, interval) from public;
grant execute on function tollhouse_ops.set_shutoff(text, text, timestamptz, text) to tollhouse_operator;
grant execute on function tollhouse_ops.lift_shutoff(text, text, text) to tollhouse_operator;
grant execute on function tollhouse_ops.set_hourly_threshold(text, text, bigint, text, interval) to tollhouse_operator;

commit;
