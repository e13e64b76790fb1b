-- Deploy tollhouse:ops/hourly_shutoff to pg

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
  'Changes the given columns of one shutoff and audits it; false, without changes, if there is none to lift.';

revoke execute on function tollhouse_private.change_shutoff(text, text, text, jsonb, text) from public;

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
declare
  p_tenant_id constant text collate "C" := set_shutoff.p_tenant_id;
  p_user_id constant text collate "C" := set_shutoff.p_user_id;
  p_reason constant text collate "C" := set_shutoff.p_reason;
begin
  perform tollhouse_private.check_value(p_until > clock_timestamp() and p_until <= clock_timestamp() + interval '366 days',
    format('until %s', coalesce(p_until::text, 'null')), 'Give a time in the future, at most 366 days ahead; to stop indefinitely, pull a kill switch.');
  perform tollhouse_private.change_shutoff('set_shutoff', p_tenant_id, p_user_id,
    jsonb_build_object('disabled_until', p_until, 'mode', 'manual', 'reason', p_reason), p_reason);
end
$$;
comment on function tollhouse_ops.set_shutoff(text, text, timestamptz, text) is
  'Shuts off a tenant (p_user_id empty) or user until the given time. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.set_shutoff(text, text, timestamptz, text) from public;
grant execute on function tollhouse_ops.set_shutoff(text, text, timestamptz, text) to tollhouse_operator;

create function tollhouse_ops.lift_shutoff(
  p_tenant_id text,
  p_user_id text,
  p_reason text
)
  returns boolean
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  select tollhouse_private.wake_idle_worker();
  select tollhouse_private.change_shutoff('lift_shutoff', p_tenant_id collate "C", p_user_id collate "C",
    '{"disabled_until": null, "mode": null, "reason": null}', p_reason collate "C")
$$;
comment on function tollhouse_ops.lift_shutoff(text, text, text) is
  'Ends a shutoff early; the threshold stays. False if there was none. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.lift_shutoff(text, text, text) from public;
grant execute on function tollhouse_ops.lift_shutoff(text, text, text) to tollhouse_operator;

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
declare
  p_tenant_id constant text collate "C" := set_hourly_threshold.p_tenant_id;
  p_user_id constant text collate "C" := set_hourly_threshold.p_user_id;
  p_reason constant text collate "C" := set_hourly_threshold.p_reason;
  v_hour timestamptz := date_trunc('hour', clock_timestamp(), 'UTC');
  v_until timestamptz;
  v_change jsonb := jsonb_build_object('threshold_micro_usd', p_threshold_micro_usd, 'cooldown', p_cooldown);
  v_spent bigint;
  v_tripped_at bigint;
begin
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  if p_user_id is distinct from '' then
    perform tollhouse_private.check_target('user', p_user_id);
  end if;
  perform tollhouse_private.check_value(p_threshold_micro_usd is null or p_threshold_micro_usd > 0,
    format('threshold %s', p_threshold_micro_usd), 'Give micro-USD above 0, or null for none.');
  perform tollhouse_private.check_value(p_cooldown is null or (p_cooldown > '0' and p_cooldown <= '366 days'),
    format('cooldown %s', p_cooldown), 'Give a positive interval of at most 366 days, or null for the rest of the hour.');

  if p_threshold_micro_usd is not null then
    -- Locks the hour, then the shutoff, as book_hour does; creates the hour if missing, so as to wait for concurrent bookings.
    insert into tollhouse_private.hourly_spend (tenant_id, user_id, hour) values (p_tenant_id, p_user_id, v_hour) on conflict do nothing;
    select hs.spent_micro_usd, hs.tripped_at_micro_usd into v_spent, v_tripped_at
    from tollhouse_private.hourly_spend as hs
    where hs.tenant_id = p_tenant_id and hs.user_id = p_user_id and hs.hour = v_hour
    for update;
  end if;
  if v_spent - v_tripped_at >= p_threshold_micro_usd then
    v_until := coalesce(clock_timestamp() + p_cooldown, v_hour + interval '1 hour');
    update tollhouse_private.hourly_spend as hs
    set tripped_at_micro_usd = hs.spent_micro_usd
    where hs.tenant_id = p_tenant_id and hs.user_id = p_user_id and hs.hour = v_hour;
    -- A longer shutoff, set by an operator, stays as it is.
    if not exists (
      select from tollhouse_private.hourly_shutoffs as so
      where so.tenant_id = p_tenant_id and so.user_id = p_user_id and so.disabled_until >= v_until
    ) then
      v_change := v_change || jsonb_build_object('disabled_until', v_until, 'mode', 'automatic',
        'reason', format('spent %s of %s USD in the hour', trim_scale(round(v_spent / 1000000.0, 6)), trim_scale(round(p_threshold_micro_usd / 1000000.0, 6))));
    end if;
  end if;
  perform tollhouse_private.change_shutoff('set_hourly_threshold', p_tenant_id, p_user_id, v_change, p_reason);
end
$$;
comment on function tollhouse_ops.set_hourly_threshold(text, text, bigint, text, interval) is
  'Sets the spend in one hour, in micro-USD, that automatically shuts off a tenant (p_user_id empty) or user, for p_cooldown or the rest of the hour; takes effect at once if this hour''s spend has reached it. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.set_hourly_threshold(text, text, bigint, text, interval) from public;
grant execute on function tollhouse_ops.set_hourly_threshold(text, text, bigint, text, interval) to tollhouse_operator;

commit;
