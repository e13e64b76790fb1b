-- Deploy tollhouse:admission/decide to pg

begin;
set local role tollhouse_engine;

-- The guards, in order. A call is admitted when it has passed them all; an error in any of them admits none.
create function tollhouse_private.decide(
  p_jobs tollhouse_private.work[],
  p_now timestamptz,
  out admitted tollhouse_private.route[],
  out verdicts tollhouse_private.verdict[]
)
  returns record
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  c_rounds constant integer := 10;
  v_jobs tollhouse_private.work[] := p_jobs;
  v_routing record;
  v_routes tollhouse_private.route[];
  v_refused tollhouse_private.verdict[];
begin
  verdicts := array(select v from tollhouse_private.guard_cancelled(v_jobs) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);

  verdicts := verdicts || array(select v from tollhouse_private.guard_kill_switch(v_jobs) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);

  verdicts := verdicts || array(select v from tollhouse_private.guard_hourly_shutoff(v_jobs, p_now) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);

  verdicts := verdicts || array(select v from tollhouse_private.guard_cache(v_jobs, p_now) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);

  verdicts := verdicts || array(select v from tollhouse_private.guard_coalescing(v_jobs, p_now, p_jobs) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);

  admitted := '{}';
  for v_round in 1..c_rounds loop
    select r.routes, r.verdicts into v_routing from tollhouse_private.route_jobs(v_jobs, p_now, admitted) as r;
    v_routes := v_routing.routes;
    if v_round = 1 and exists (select from unnest(v_routes) as r where r.user_probe or r.provider_probe) then
      perform tollhouse_private.lock_ahead(v_jobs, p_now);
    end if;
    v_refused := array(select v from tollhouse_private.guard_rate_limit(v_routes, p_now, admitted) as v);
    v_routes := tollhouse_private.undecided(v_routes, v_refused);

    v_refused := v_refused || array(select v from tollhouse_private.guard_budget(v_routes, p_now) as v);
    admitted := admitted || tollhouse_private.undecided(v_routes, v_refused);
    verdicts := verdicts || v_refused;

    -- A probe that is turned away after all leaves its turn to the next call, or its breaker would stay open for all.
    if not exists (
      select
      from unnest(v_routing.routes) as r
      join unnest(v_refused) as v on v.call_id = (r.job).call_id
      where r.user_probe or r.provider_probe
    ) then
      verdicts := verdicts || v_routing.verdicts;
      return;
    end if;
    v_jobs := array(
      select j
      from unnest(v_jobs) as j
      join unnest(v_routing.verdicts) as v on v.call_id = j.call_id
      where v.reason = 'breaker_open'
    );
    verdicts := verdicts || array(select v from unnest(v_routing.verdicts) as v where v.reason <> 'breaker_open');
  end loop;
  -- Where so many probes were turned away the rest stays queued, for the next claim: each round costs as much as a claim.
end
$$;
comment on function tollhouse_private.decide(tollhouse_private.work[], timestamptz) is
  'Puts a batch through guards 2 to 8: what is admitted and where it goes, and what a guard said of the rest.';

revoke execute on function tollhouse_private.decide(tollhouse_private.work[], timestamptz) from public;

commit;
