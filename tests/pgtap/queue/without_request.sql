begin;
select plan(2);

\ir ../job.psql

insert into tollhouse_private.jobs
select (pg_temp.job('{"request_id": "r1", "state": "running", "worker_id": "00000000-0000-0000-0000-000000000001", "started_at": "2026-01-01",
  "price": {"input": 1, "output": 2}, "metadata": {"a": 1}, "error_code": "timeout", "requested_model": "small", "cache_key": "\\x01"}')).*;
select results_eq(
  'select to_jsonb(tollhouse_private.without_request(j)) from tollhouse_private.jobs as j',
  $$select to_jsonb(j) || '{"request": null}' from tollhouse_private.jobs as j$$,
  'the request is gone, and nothing else'
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
  pg_temp.plan_of('select tollhouse_private.without_request(j) from tollhouse_private.jobs as j'), '%without_request%',
  'it is inlined: no row is read as a whole, its request with it'
);

select * from finish();
rollback;
