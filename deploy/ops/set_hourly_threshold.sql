-- Deploy tollhouse:ops/set_hourly_threshold to pg
-- requires: ops/check_value
-- requires: ops/change_shutoff

begin;
set local role tollhouse_engine;

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
  perform tollhouse_private.check_value(p_cooldown is null or (p_cooldown > '0' and p_cooldown <= '366 days'),
    format('cooldown %s', p_cooldown), 'Give a positive interval of 366 days at most, or null for until the hour is over.');
  perform tollhouse_private.change_shutoff('set_hourly_threshold', p_tenant_id, p_user_id,
    jsonb_build_object('threshold_micro_usd', p_threshold_micro_usd, 'cooldown', p_cooldown), p_reason);
end
$$;
comment on function tollhouse_ops.set_hourly_threshold(text, text, bigint, text, interval) is
  'The spend of one hour, in micro-USD, that shuts a tenant (p_user_id empty) or user off by itself, for p_cooldown or until the hour is over. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.set_hourly_threshold(text, text, bigint, text, interval) from public;
grant execute on function tollhouse_ops.set_hourly_threshold(text, text, bigint, text, interval) to tollhouse_operator;

commit;
