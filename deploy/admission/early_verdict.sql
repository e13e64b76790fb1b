-- Deploy tollhouse:admission/early_verdict to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.early_verdict(
  p_job tollhouse_private.jobs,
  p_now timestamptz
)
  returns tollhouse_private.verdict
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_jobs tollhouse_private.work[] := array[tollhouse_private.work_of(p_job, null)];
  v_verdict tollhouse_private.verdict;
begin
  select v.* into v_verdict from tollhouse_private.guard_kill_switch(v_jobs) as v;
  if v_verdict.call_id is null then
    select v.* into v_verdict from tollhouse_private.guard_hourly_shutoff(v_jobs, p_job.run_at) as v;
  end if;
  if v_verdict.call_id is null and p_job.state = 'queued' then
    select v.* into v_verdict from tollhouse_private.guard_cache(v_jobs, p_now) as v;
  end if;
  if v_verdict.call_id is not null and not tollhouse_private.has_month(p_job.created_at) then
    return null;
  end if;
  return v_verdict;
end
$$;
comment on function tollhouse_private.early_verdict(tollhouse_private.jobs, timestamptz) is
  'What guards 2 to 4 say of a new call, as far as it is certain already: blocked, cached, or null. The claim decides again.';

revoke execute on function tollhouse_private.early_verdict(tollhouse_private.jobs, timestamptz) from public;

commit;
