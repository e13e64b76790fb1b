-- Deploy tollhouse:execution/requeue to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.requeue(
  p_settlements tollhouse_private.settlement[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from unnest(p_settlements) as s where s.status is null) then
    return;
  end if;

  update tollhouse_private.jobs as j
  set
    state = case when s.retry_at <= p_now then 'queued' else 'scheduled' end,
    run_at = s.retry_at,
    waits_for = 'backoff',
    unsent = j.unsent + ((s.result).outcome = 'not_sent')::integer,
    worker_id = null,
    started_at = null,
    reserved_micro_usd = 0,
    budget_month = null,
    spent_micro_usd = j.spent_micro_usd + s.cost_micro_usd,
    cost_basis = case
      when 'reservation' in (j.cost_basis, s.cost_basis) then 'reservation'
      when 'usage' in (j.cost_basis, s.cost_basis) then 'usage'
      else 'none'
    end,
    provider_attempted = j.provider_attempted or s.sent,
    error_code = coalesce(left((s.result).error_code, 100), (s.result).outcome),
    error_message = left((s.result).error_message, 500)
  from unnest(p_settlements) as s
  where s.status is null
    and j.ctid = (s.job).place;
end
$$;
comment on function tollhouse_private.requeue(tollhouse_private.settlement[], timestamptz) is
  'Puts the calls that get another attempt back into the queue.';

revoke execute on function tollhouse_private.requeue(tollhouse_private.settlement[], timestamptz) from public;

commit;
