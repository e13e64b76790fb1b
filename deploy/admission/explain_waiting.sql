-- Deploy tollhouse:admission/explain_waiting to pg
-- requires: queue/workers
-- requires: queue/cancel_requests
-- requires: kill_switch/guard
-- requires: shutoff/guard
-- requires: breaker/breakers
-- requires: routing/breaker_gate

begin;
set local role tollhouse_owner;

create function tollhouse_private.explain_waiting(
  p_job tollhouse_private.jobs,
  p_now timestamptz,
  out why text,
  out what_to_do text
)
  returns record
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  what_to_do := 'Nothing: it goes on by itself.';
  if p_job.state = 'running' then
    why := format('Attempt %s is under way at %s since %s.', p_job.attempts - p_job.unsent, p_job.model, date_trunc('second', p_job.started_at));
    if exists (
      select from tollhouse_private.cancel_requests as cr where cr.tenant_id = p_job.tenant_id and cr.call_id = p_job.call_id
    ) then
      why := why || ' It is being cancelled.';
    end if;
  elsif p_job.state = 'coalesced' then
    why := 'The same request is in flight already; this call waits for its answer instead of paying twice.';
  elsif p_job.state = 'scheduled' and p_job.waits_for = 'backoff' then
    why := format('Attempt %s failed (%s); the next one is due at %s.', p_job.attempts - p_job.unsent, p_job.error_code, date_trunc('second', p_job.run_at));
  elsif p_job.state = 'scheduled' and p_job.waits_for = 'rate_limit' then
    why := format('Over a rate limit; it is tried again at %s.', p_job.run_at);
  elsif p_job.state = 'scheduled' then
    why := format('It was asked to run at %s.', p_job.run_at);
  elsif exists (select from tollhouse_private.guard_kill_switch(array[p_job])) then
    why := 'A kill switch matches it; the next claim will refuse it.';
    what_to_do := 'See tollhouse.kill_switches.';
  elsif exists (select from tollhouse_private.guard_hourly_shutoff(array[p_job], p_now)) then
    why := 'The tenant or the user is shut off; the next claim will refuse it.';
    what_to_do := 'See tollhouse.hourly_shutoffs.';
  elsif not exists (select from tollhouse_private.workers as w where w.alive_until > p_now) then
    why := 'No worker is alive.';
    what_to_do := 'Ask an operator to start one (tollhouse worker).';
  elsif exists (
    select
    from tollhouse_private.breakers as b
    where b.tenant_id = p_job.tenant_id and b.user_id = p_job.user_id
      and tollhouse_private.breaker_gate(b.state, b.open_until, p_now) = 'stop'
  ) then
    why := 'A circuit breaker is open; the call is refused unless another provider serves it.';
    what_to_do := 'See tollhouse.breakers.';
  else
    why := 'It is in line for the next free worker.';
  end if;
end
$$;
comment on function tollhouse_private.explain_waiting(tollhouse_private.jobs, timestamptz) is 'Why an unfinished call is not finished, in words.';

revoke execute on function tollhouse_private.explain_waiting(tollhouse_private.jobs, timestamptz) from public;

commit;
