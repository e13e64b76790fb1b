-- Deploy tollhouse:ops/set_shutoff to pg

begin;
set local role tollhouse_engine;

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
    format('until %s', coalesce(p_until::text, 'null')), 'It must lie in the future, by 366 days at most; to stop without an end, pull a kill switch.');
  perform tollhouse_private.change_shutoff('set_shutoff', p_tenant_id, p_user_id,
    jsonb_build_object('disabled_until', p_until, 'mode', 'manual', 'reason', p_reason), p_reason);
end
$$;
comment on function tollhouse_ops.set_shutoff(text, text, timestamptz, text) is
  'Shuts a tenant (p_user_id empty) or a user off until a time. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.set_shutoff(text, text, timestamptz, text) from public;
grant execute on function tollhouse_ops.set_shutoff(text, text, timestamptz, text) to tollhouse_operator;

commit;
