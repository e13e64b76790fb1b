-- Deploy tollhouse:kill_switch/guard to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.guard_kill_switch(
  p_jobs tollhouse_private.work[]
)
  returns setof tollhouse_private.verdict
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_models boolean;
begin
  -- One look saves a claim six probes per call. A client, who sees only some of the rows, would scan them all.
  if cardinality(p_jobs) > 1 and not exists (select from tollhouse_private.kill_switches) then
    return;
  end if;
  v_models := exists (
    select from tollhouse_private.kill_switches as ks where ks.scope in ('provider', 'model') and ks.tenant_id = ''
  );

  return query
  with offer as materialized (
    select k.endpoint, k.requested_model, bool_and(tollhouse_private.killed(null, null, null, cm.provider, cm.model)) as killed
    from (select distinct j.endpoint, j.requested_model from unnest(p_jobs) as j) as k
    cross join lateral tollhouse_private.candidate_models(k.endpoint, k.requested_model) as cm
    group by k.endpoint, k.requested_model
  ),
  stopped as materialized (
    -- Once per caller; killed is the same test for a single call.
    select a.tenant_id, a.user_id, a.endpoint
    from (select distinct j.tenant_id, j.user_id, j.endpoint from unnest(p_jobs) as j) as a
    where (select true from tollhouse_private.kill_switches as ks where ks.scope = 'global' and ks.tenant_id = '' and ks.target = '*')
      or (select true from tollhouse_private.kill_switches as ks where ks.scope = 'endpoint' and ks.tenant_id = '' and ks.target = a.endpoint)
      or (select true from tollhouse_private.kill_switches as ks where ks.scope = 'tenant' and ks.tenant_id = a.tenant_id limit 1)
      or (select true from tollhouse_private.kill_switches as ks where ks.scope = 'user' and ks.tenant_id = a.tenant_id and ks.target = a.user_id)
  )
  select j.call_id, 'blocked', 'provider_kill_switch', null::timestamptz, null::bigint
  from unnest(p_jobs) as j
  -- Not false: a call with an unknown is stopped as well.
  where ((j.tenant_id, j.user_id, j.endpoint) in (select s.tenant_id, s.user_id, s.endpoint from stopped as s)) is not false
    or v_models and exists (
      select
      from offer as o
      where o.killed
        and o.endpoint = j.endpoint
        and o.requested_model is not distinct from j.requested_model
    );
end
$$;
comment on function tollhouse_private.guard_kill_switch(tollhouse_private.work[]) is
  'Blocks calls that a switch matches, and calls all of whose candidate models are matched by a switch.';

revoke execute on function tollhouse_private.guard_kill_switch(tollhouse_private.work[]) from public;
grant execute on function tollhouse_private.guard_kill_switch(tollhouse_private.work[]) to tollhouse_engine;

commit;
