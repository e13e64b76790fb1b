-- Deploy tollhouse:admission/decide to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.probe_refused(
  p_routes tollhouse_private.route[],
  p_verdicts tollhouse_private.verdict[]
)
  returns boolean
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select
    from unnest(p_routes) as r
    join unnest(p_verdicts) as v on v.call_id = (r.job).call_id
    where r.user_probe or r.provider_probe
  );
end
$$;
comment on function tollhouse_private.probe_refused(tollhouse_private.route[], tollhouse_private.verdict[]) is
  'Whether a later guard has turned away a call that would have probed a breaker.';

-- A probe that is turned away after all leaves its turn to the next call, or its breaker would stay open for all.
create function tollhouse_private.probe_again(
  p_jobs tollhouse_private.work[],
  p_stopped tollhouse_private.verdict[],
  p_now timestamptz,
  p_admitted tollhouse_private.route[],
  out admitted tollhouse_private.route[],
  out verdicts tollhouse_private.verdict[]
)
  returns record
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  c_rounds constant integer := 9;
  v_jobs tollhouse_private.work[] := p_jobs;
  v_stopped tollhouse_private.verdict[] := p_stopped;
  v_routing record;
  v_routes tollhouse_private.route[];
  v_refused tollhouse_private.verdict[];
begin
  admitted := p_admitted;
  verdicts := '{}';
  for v_round in 1..c_rounds loop
    verdicts := verdicts || array(select v from unnest(v_stopped) as v where v.reason <> 'breaker_open');
    v_jobs := array(
      select j from unnest(v_jobs) as j join unnest(v_stopped) as v on v.call_id = j.call_id where v.reason = 'breaker_open'
    );
    select r.routes, r.verdicts into v_routing from tollhouse_private.route_jobs(v_jobs, p_now, admitted) as r;
    v_stopped := v_routing.verdicts;
    v_refused := array(select v from tollhouse_private.guard_rate_limit(v_routing.routes, p_now, admitted) as v);
    v_routes := tollhouse_private.undecided(v_routing.routes, v_refused);
    v_refused := v_refused || array(select v from tollhouse_private.guard_budget(v_routes, p_now) as v);
    admitted := admitted || tollhouse_private.undecided(v_routes, v_refused);
    verdicts := verdicts || v_refused;
    if not tollhouse_private.probe_refused(v_routing.routes, v_refused) then
      verdicts := verdicts || v_stopped;
      return;
    end if;
  end loop;
  -- Where so many probes were turned away the rest stays queued, for the next claim: each round costs as much as a claim.
  verdicts := verdicts || array(select v from unnest(v_stopped) as v where v.reason <> 'breaker_open');
end
$$;
comment on function tollhouse_private.probe_again(tollhouse_private.work[], tollhouse_private.verdict[], timestamptz, tollhouse_private.route[]) is
  'Puts calls that a breaker stopped through guards 6 to 8 again, as long as its probe is turned away, nine times at most. p_stopped: what guard 6 said of them; p_admitted: what is admitted already, and part of what is returned.';

-- The guards, in order. What one of them speaks of goes no further; a call is admitted when it has passed them all. An error
-- in any of them fails the claim and admits none.
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
  v_jobs tollhouse_private.work[] := p_jobs;
  v_routing record;
  v_routes tollhouse_private.route[];
  v_refused tollhouse_private.verdict[];
  v_again record;
begin
  verdicts := array(select v from tollhouse_private.guard_cancelled(v_jobs) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);
  -- 2
  verdicts := verdicts || array(select v from tollhouse_private.guard_kill_switch(v_jobs) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);
  -- 3
  verdicts := verdicts || array(select v from tollhouse_private.guard_hourly_shutoff(v_jobs, p_now) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);
  -- 4
  verdicts := verdicts || array(select v from tollhouse_private.guard_cache(v_jobs, p_now) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);
  -- 5
  verdicts := verdicts || array(select v from tollhouse_private.guard_coalescing(v_jobs, p_now, p_jobs) as v);
  v_jobs := tollhouse_private.undecided(v_jobs, verdicts);
  -- 6
  select r.routes, r.verdicts into v_routing from tollhouse_private.route_jobs(v_jobs, p_now, '{}') as r;
  v_routes := v_routing.routes;
  if exists (select from unnest(v_routes) as r where r.user_probe or r.provider_probe) then
    perform tollhouse_private.lock_ahead(v_jobs, p_now);
  end if;
  -- 7
  v_refused := array(select v from tollhouse_private.guard_rate_limit(v_routes, p_now) as v);
  v_routes := tollhouse_private.undecided(v_routes, v_refused);
  -- 8
  v_refused := v_refused || array(select v from tollhouse_private.guard_budget(v_routes, p_now) as v);
  admitted := tollhouse_private.undecided(v_routes, v_refused);
  verdicts := verdicts || v_refused;

  if not tollhouse_private.probe_refused(v_routing.routes, v_refused) then
    verdicts := verdicts || v_routing.verdicts;
    return;
  end if;
  select a.admitted, a.verdicts into v_again from tollhouse_private.probe_again(v_jobs, v_routing.verdicts, p_now, admitted) as a;
  admitted := v_again.admitted;
  verdicts := verdicts || v_again.verdicts;
end
$$;
comment on function tollhouse_private.decide(tollhouse_private.work[], timestamptz) is
  'Puts a batch through guards 2 to 8: what is admitted and where it goes, and what a guard said of the rest.';

revoke execute on function tollhouse_private.probe_refused(tollhouse_private.route[], tollhouse_private.verdict[]) from public;
revoke execute on function tollhouse_private.probe_again(tollhouse_private.work[], tollhouse_private.verdict[], timestamptz, tollhouse_private.route[]) from public;
revoke execute on function tollhouse_private.decide(tollhouse_private.work[], timestamptz) from public;

commit;
