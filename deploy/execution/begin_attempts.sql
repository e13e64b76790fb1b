-- Deploy tollhouse:execution/begin_attempts to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.begin_attempts(
  p_worker_id uuid,
  p_routes tollhouse_private.route[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- By place: a probe of the key for each, whatever the planner thinks of the queue.
  update tollhouse_private.jobs as j
  set
    state = 'running',
    line = null,
    attempts = j.attempts + 1,
    worker_id = p_worker_id,
    started_at = p_now,
    provider = r.provider,
    model = r.model,
    price = r.price,
    reserved_micro_usd = r.reservation,
    budget_month = tollhouse_private.budget_month(p_now)
  from (
    select u.*, (
      select k.ctid from tollhouse_private.jobs as k where k.tenant_id = (u.job).tenant_id and k.call_id = (u.job).call_id
    ) as place
    from unnest(p_routes) as u
    offset 0
  ) as r
  where j.ctid = r.place;
end
$$;
comment on function tollhouse_private.begin_attempts(uuid, tollhouse_private.route[], timestamptz) is
  'Gives the admitted calls to the worker.';

revoke execute on function tollhouse_private.begin_attempts(uuid, tollhouse_private.route[], timestamptz) from public;

commit;
