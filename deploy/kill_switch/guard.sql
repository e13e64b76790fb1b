-- Deploy tollhouse:kill_switch/guard to pg

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
    -- Once per caller, not per call.
    select a.tenant_id, a.user_id, a.endpoint
    from (select distinct j.tenant_id, j.user_id, j.endpoint from unnest(p_jobs) as j) as a
    where tollhouse_private.killed(a.tenant_id, a.user_id, a.endpoint, null, null)
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

create function tollhouse_private.switch_in_words(
  p_job tollhouse_private.jobs
)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from tollhouse_private.guard_kill_switch(array[tollhouse_private.work_of(p_job, null)])) then
    return null;
  end if;
  return (
    select format('a kill switch on %s (%s)', case ks.scope when 'global' then 'everything' else ks.scope || ' ' || ks.target end, ks.reason)
    from tollhouse_private.kill_switches as ks
    cross join lateral (
      select tollhouse_private.switch_stops(ks, p_job.tenant_id, p_job.user_id, p_job.endpoint, null, null) as yes
    ) as always
    where always.yes
      or exists (
        select
        from tollhouse_private.candidate_models(p_job.endpoint, p_job.requested_model) as cm
        where tollhouse_private.switch_stops(ks, null, null, null, cm.provider, cm.model)
      )
    order by always.yes desc, ks.set_at
    limit 1
  );
end
$$;
comment on function tollhouse_private.switch_in_words(tollhouse_private.jobs) is
  'The kill switch that stops a call, with its reason; null if none does.';

revoke execute on function tollhouse_private.switch_stops(tollhouse_private.kill_switches, text, text, text, text, text) from public;
grant execute on function tollhouse_private.switch_stops(tollhouse_private.kill_switches, text, text, text, text, text) to tollhouse_engine;
revoke execute on function tollhouse_private.killed(text, text, text, text, text) from public;
grant execute on function tollhouse_private.killed(text, text, text, text, text) to tollhouse_engine;
revoke execute on function tollhouse_private.guard_kill_switch(tollhouse_private.work[]) from public;
grant execute on function tollhouse_private.guard_kill_switch(tollhouse_private.work[]) to tollhouse_engine;
revoke execute on function tollhouse_private.switch_in_words(tollhouse_private.jobs) from public;
grant execute on function tollhouse_private.switch_in_words(tollhouse_private.jobs) to tollhouse_engine;

commit;
