-- Deploy tollhouse:kill_switch/killed to pg
-- requires: kill_switch/kill_switches

begin;
set local role tollhouse_owner;

-- Without a SET clause, so that it is inlined into the guards' queries.
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
    where ks.scope = 'global'
      or (ks.scope = 'provider' and ks.target = p_provider)
      or (ks.scope = 'model' and ks.target = p_model)
      or (ks.scope = 'endpoint' and ks.target = p_endpoint)
      or (ks.scope = 'tenant' and ks.tenant_id = p_tenant_id)
      or (ks.scope = 'user' and ks.tenant_id = p_tenant_id and ks.target = p_user_id)
  )
$$;
comment on function tollhouse_private.killed(text, text, text, text, text) is
  'Whether any kill switch matches; pass null for what is not decided yet.';

revoke execute on function tollhouse_private.killed(text, text, text, text, text) from public;
grant execute on function tollhouse_private.killed(text, text, text, text, text) to tollhouse_engine;

commit;
