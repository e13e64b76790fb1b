begin;
select plan(3);

\ir ../job.psql

insert into tollhouse_private.jobs
select (pg_temp.job('{"request_id": "r1", "state": "running", "worker_id": "00000000-0000-0000-0000-000000000001", "started_at": "2026-01-01",
  "price": {"input": 1, "output": 2}, "metadata": {"a": 1}, "error_code": "timeout", "requested_model": "small", "cache_key": "\\x01",
  "provider": "north", "model": "small", "budget_month": "2026-01-01", "max_cost_micro_usd": 7, "waits_for": "backoff"}')).*;
select results_eq(
  'select to_jsonb(tollhouse_private.work_of(j, j.ctid)) from tollhouse_private.jobs as j',
  $$select to_jsonb(j) - array['request_id', 'fingerprint', 'state', 'run_at', 'need_micro_usd', 'cost_basis', 'error_code', 'error_message', 'metadata', 'request', 'line']
      || jsonb_build_object('place', j.ctid)
    from tollhouse_private.jobs as j$$,
  'work has the columns of its job under their names, and where its row lies'
);
select is_empty(
  $$select key from jsonb_each((select to_jsonb(tollhouse_private.work_of(j, j.ctid)) from tollhouse_private.jobs as j)) where value = 'null'$$,
  'none is forgotten'
);

create function pg_temp.plan_of(p_query text) returns text language plpgsql as $$
declare
  v_plan json;
begin
  execute 'explain (verbose, costs off, format json) ' || p_query into v_plan;
  return v_plan::text;
end
$$;
select unalike(
  pg_temp.plan_of('select tollhouse_private.work_of(j, j.ctid) from tollhouse_private.jobs as j'), '%work_of%',
  'it is inlined: no row is read as a whole, its request with it'
);

select * from finish();
rollback;
