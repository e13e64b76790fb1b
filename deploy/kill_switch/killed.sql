-- Deploy tollhouse:kill_switch/killed to pg

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
  -- One probe of the key per scope, because thousands of users may be stopped. switch_stops is the same test for a single switch.
  select coalesce(
    (select true from tollhouse_private.kill_switches as ks where ks.scope = 'global' and ks.tenant_id = '' and ks.target = '*'),
    (select true from tollhouse_private.kill_switches as ks where ks.scope = 'provider' and ks.tenant_id = '' and ks.target = p_provider),
    (select true from tollhouse_private.kill_switches as ks where ks.scope = 'model' and ks.tenant_id = '' and ks.target = p_model),
    (select true from tollhouse_private.kill_switches as ks where ks.scope = 'endpoint' and ks.tenant_id = '' and ks.target = p_endpoint),
    (select true from tollhouse_private.kill_switches as ks where ks.scope = 'tenant' and ks.tenant_id = p_tenant_id limit 1),
    (select true from tollhouse_private.kill_switches as ks where ks.scope = 'user' and ks.tenant_id = p_tenant_id and ks.target = p_user_id),
    false
  )
$$;
comment on function tollhouse_private.killed(text, text, text, text, text) is
  'Whether any kill switch matches; pass null for anything not decided yet.';

revoke execute on function tollhouse_private.killed(text, text, text, text, text) from public;
grant execute on function tollhouse_private.killed(text, text, text, text, text) to tollhouse_engine;

commit;
