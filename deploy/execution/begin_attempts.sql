-- Deploy tollhouse:execution/begin_attempts to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.begin_attempts(
  p_worker_id uuid,
  p_routes tollhouse_private.route[],
  p_now timestamptz
)
  returns table (
    call_id uuid,
    attempt integer,
    tenant_id text,
    endpoint text,
    provider text,
    model text,
    request jsonb,
    max_output_tokens integer,
    timeout_ms integer
  )
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_month date := tollhouse_private.budget_month(p_now);
  v_begun bigint;
begin
  return query
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
    budget_month = v_month
  from unnest(p_routes) as r
  where j.ctid = (r.job).place
  returning j.call_id, j.attempts, j.tenant_id, j.endpoint, r.provider, r.provider_model, j.request, j.max_output_tokens, r.timeout_ms;
  get diagnostics v_begun = row_count;
  if v_begun <> cardinality(p_routes) then
    raise exception using
      errcode = '40001',
      message = 'a call is no longer where it lay in the queue',
      detail = format('%s of %s', v_begun, cardinality(p_routes)),
      hint = 'Repeat the transaction.';
  end if;
end
$$;
comment on function tollhouse_private.begin_attempts(uuid, tollhouse_private.route[], timestamptz) is
  'Gives the admitted calls to the worker, and returns what it needs to send them.';

revoke execute on function tollhouse_private.begin_attempts(uuid, tollhouse_private.route[], timestamptz) from public;

commit;
