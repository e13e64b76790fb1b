-- Deploy tollhouse:kill_switch/killed to pg
-- requires: kill_switch/kill_switches
-- requires: kill_switch/switch_stops

begin;
set local role tollhouse_owner;

create function tollhouse_private.killed(
  p_tenant_id text,
  p_user_id text,
  p_endpoint text,
  p_provider text,
  p_model text
)
  returns boolean
  language sql
  stable
as $$
  select exists (
    select
    from tollhouse_private.kill_switches as ks
    where tollhouse_private.switch_stops(ks, p_tenant_id, p_user_id, p_endpoint, p_provider, p_model)
  )
$$;
comment on function tollhouse_private.killed(text, text, text, text, text) is
  'Whether any kill switch matches; pass null for what is not decided yet.';

revoke execute on function tollhouse_private.killed(text, text, text, text, text) from public;
grant execute on function tollhouse_private.killed(text, text, text, text, text) to tollhouse_engine;

commit;
