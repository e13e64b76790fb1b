-- Deploy tollhouse:routing/route_jobs to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.choose_models(
  p_jobs tollhouse_private.work[],
  p_now timestamptz,
  p_breakers tollhouse_private.breakers[],
  p_provider_breakers tollhouse_private.provider_breakers[],
  p_may_probe boolean,
  out routes tollhouse_private.route[],
  out verdicts tollhouse_private.verdict[]
)
  returns record
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- What an endpoint's calls have in common is asked once for all of them.
  with offer as materialized (
    select
      k.endpoint, k.requested_model, cm.model, cm.provider, cm.provider_model, cm.preference, cm.candidates, tt.timeout_ms,
      tollhouse_private.killed(null, null, null, cm.provider, cm.model) as killed,
      p as price,
      tollhouse_private.overrun_of(cm.model, p_now) as overrun,
      tollhouse_private.guard_breaker(pb.state, pb.open_until, p_now) as provider_gate
    from (select distinct j.endpoint, j.requested_model from unnest(p_jobs) as j) as k
    join tollhouse_private.task_types as tt on tt.endpoint = k.endpoint
    cross join lateral tollhouse_private.candidate_models(k.endpoint, k.requested_model) as cm
    cross join lateral tollhouse_private.price_at(cm.model, p_now) as p
    left join unnest(p_provider_breakers) as pb on pb.provider = cm.provider
  )
  select
    coalesce(array_agg(row(
      j, c.provider, c.model, c.provider_model, c.timeout_ms, c.price, c.highest, c.user_gate = 'probe', c.provider_gate = 'probe'
    )::tollhouse_private.route) filter (where c.model is not null and c.obstacle is null), '{}'),
    coalesce(array_agg(row(
      j.call_id, 'blocked', coalesce(c.obstacle, 'no_model'), null, case c.obstacle when 'max_cost_exceeded' then c.least_need end
    )::tollhouse_private.verdict) filter (where c.model is null or c.obstacle is not null), '{}')
  into choose_models.routes, choose_models.verdicts
  from unnest(p_jobs) as j
  left join lateral (
    select
      o.model, o.provider, o.provider_model, o.timeout_ms, o.price, o.provider_gate, gate.user_gate, cost.highest, seen.obstacle,
      min(cost.highest) filter (where seen.obstacle = 'max_cost_exceeded') over () as least_need
    from offer as o
    left join unnest(p_breakers) as b
      on b.tenant_id = j.tenant_id and b.user_id = j.user_id and b.provider = o.provider
    cross join lateral (select tollhouse_private.guard_breaker(b.state, b.open_until, p_now) as user_gate) as gate
    cross join lateral (
      select tollhouse_private.highest_cost((o.price).input, (o.price).cached_input, (o.price).output, (o.price).reasoning, j.request_bytes, j.max_output_tokens) as bound
      offset 0
    ) as plain
    cross join lateral (
      select case when o.overrun is null then plain.bound else tollhouse_private.with_overrun(plain.bound, o.overrun) end as highest
      offset 0
    ) as cost
    cross join lateral (
      select
        case
          when o.killed then 'provider_kill_switch'
          when cost.highest is null then 'price_unknown'
          when j.spent_micro_usd + cost.highest > j.max_cost_micro_usd then 'max_cost_exceeded'
          when 'stop' in (o.provider_gate, gate.user_gate) then 'breaker_open'
          when not p_may_probe and 'probe' in (o.provider_gate, gate.user_gate) then 'breaker_open'
        end as obstacle
    ) as seen
    where o.endpoint = j.endpoint
      and o.requested_model is not distinct from j.requested_model
    order by seen.obstacle is not null, (o.preference - (j.attempts - j.unsent) % o.candidates + o.candidates) % o.candidates
    limit 1
  ) as c on true;
end
$$;
comment on function tollhouse_private.choose_models(tollhouse_private.work[], timestamptz, tollhouse_private.breakers[], tollhouse_private.provider_breakers[], boolean) is
  'Gives each call the first of its candidate models that nothing stands in the way of, or says what does of the very first. p_breakers, p_provider_breakers: those that are not closed; p_may_probe: whether one whose cool-down is over lets a call pass.';

create function tollhouse_private.route_jobs(
  p_jobs tollhouse_private.work[],
  p_now timestamptz,
  p_admitted tollhouse_private.route[],
  out routes tollhouse_private.route[],
  out verdicts tollhouse_private.verdict[]
)
  returns record
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_breakers tollhouse_private.breakers[];
  v_provider_breakers tollhouse_private.provider_breakers[];
  v_late tollhouse_private.work[];
  v_again record;
begin
  select o.of_users, o.of_providers into v_breakers, v_provider_breakers from tollhouse_private.open_breakers(p_jobs) as o;
  select c.routes, c.verdicts into route_jobs.routes, route_jobs.verdicts
  from tollhouse_private.choose_models(p_jobs, p_now, v_breakers, v_provider_breakers, true) as c;
  if not exists (select from unnest(route_jobs.routes) as r where r.user_probe or r.provider_probe) then
    return;
  end if;

  -- Of the calls that would probe the same breaker one may; the others go where nothing need be probed.
  v_late := tollhouse_private.needless_probes(route_jobs.routes, p_admitted);
  if cardinality(v_late) = 0 then
    return;
  end if;
  select c.routes, c.verdicts into v_again
  from tollhouse_private.choose_models(v_late, p_now, v_breakers, v_provider_breakers, false) as c;
  routes := array(
    select r from unnest(route_jobs.routes) as r where (r.job).call_id not in (select l.call_id from unnest(v_late) as l)
  ) || v_again.routes;
  verdicts := route_jobs.verdicts || v_again.verdicts;
end
$$;
comment on function tollhouse_private.route_jobs(tollhouse_private.work[], timestamptz, tollhouse_private.route[]) is
  'Gives each call its first usable candidate model, beginning one further for each attempt made, or says what stands in the way of the first. p_admitted: calls of this claim that are admitted already; a breaker that one of them probes lets no further call pass.';

revoke execute on function tollhouse_private.choose_models(tollhouse_private.work[], timestamptz, tollhouse_private.breakers[], tollhouse_private.provider_breakers[], boolean) from public;
revoke execute on function tollhouse_private.route_jobs(tollhouse_private.work[], timestamptz, tollhouse_private.route[]) from public;

commit;
