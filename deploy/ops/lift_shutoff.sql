-- Deploy tollhouse:ops/lift_shutoff to pg

begin;
set local role tollhouse_engine;

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
  'Ends a shutoff before its time; the threshold stays. False if there was none. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.lift_shutoff(text, text, text) from public;
grant execute on function tollhouse_ops.lift_shutoff(text, text, text) to tollhouse_operator;

commit;
