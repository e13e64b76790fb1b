-- Deploy tollhouse:admission/decide to pg
-- requires: queue/guard_cancelled
-- requires: kill_switch/guard
-- requires: shutoff/guard
-- requires: cache/guard
-- requires: cache/coalescing
-- requires: routing/route_jobs
-- requires: rate_limit/guard
-- requires: budget/guard

begin;
set local role tollhouse_engine;

-- The guards, in order. A call is admitted when it has passed them all; an error in any of them admits none.
create function tollhouse_private.decide(
  p_jobs tollhouse_private.jobs[],
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
  v_jobs tollhouse_private.jobs[] := p_jobs;
  v_routing record;
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

  select r.routes, r.verdicts into v_routing from tollhouse_private.route_jobs(v_jobs, p_now) as r;
  verdicts := verdicts || v_routing.verdicts;
  admitted := v_routing.routes;

  verdicts := verdicts || array(select v from tollhouse_private.guard_rate_limit(admitted, p_now) as v);
  admitted := tollhouse_private.undecided(admitted, verdicts);

  verdicts := verdicts || array(select v from tollhouse_private.guard_budget(admitted, p_now) as v);
  admitted := tollhouse_private.undecided(admitted, verdicts);
end
$$;
comment on function tollhouse_private.decide(tollhouse_private.jobs[], timestamptz) is
  'Puts a batch through guards 2 to 8: what is admitted and where it goes, and what a guard said of the rest.';

revoke execute on function tollhouse_private.decide(tollhouse_private.jobs[], timestamptz) from public;

commit;
