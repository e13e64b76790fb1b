-- Deploy tollhouse:kill_switch/switch_stops to pg

begin;
set local role tollhouse_owner;

-- No SET clause and no query, so that it is inlined into the guards' queries.
create function tollhouse_private.switch_stops(
  p_switch tollhouse_private.kill_switches,
  p_tenant_id text,
  p_user_id text,
  p_endpoint text,
  p_provider text,
  p_model text
)
  returns boolean
  language sql
  immutable
as $$
  select p_switch.scope = 'global'
    or (p_switch.scope = 'provider' and p_switch.target = p_provider)
    or (p_switch.scope = 'model' and p_switch.target = p_model)
    or (p_switch.scope = 'endpoint' and p_switch.target = p_endpoint)
    or (p_switch.scope = 'tenant' and p_switch.tenant_id = p_tenant_id)
    or (p_switch.scope = 'user' and p_switch.tenant_id = p_tenant_id and p_switch.target = p_user_id)
$$;
comment on function tollhouse_private.switch_stops(tollhouse_private.kill_switches, text, text, text, text, text) is
  'Whether this kill switch matches; pass null for anything not decided yet.';

revoke execute on function tollhouse_private.switch_stops(tollhouse_private.kill_switches, text, text, text, text, text) from public;
grant execute on function tollhouse_private.switch_stops(tollhouse_private.kill_switches, text, text, text, text, text) to tollhouse_engine;

commit;
