-- Deploy tollhouse:queue/guard_cancelled to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.guard_cancelled(
  p_jobs tollhouse_private.work[]
)
  returns setof tollhouse_private.verdict
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from tollhouse_private.cancel_requests) then
    return;
  end if;

  return query
  select j.call_id, 'cancelled', null::text, null::timestamptz, null::bigint
  from unnest(p_jobs) as j
  where (
    select true from tollhouse_private.cancel_requests as cr
    where cr.tenant_id = j.tenant_id and cr.call_id = j.call_id
    limit 1
  );
end
$$;
comment on function tollhouse_private.guard_cancelled(tollhouse_private.work[]) is
  'Stops calls whose cancellation could not take effect earlier.';

revoke execute on function tollhouse_private.guard_cancelled(tollhouse_private.work[]) from public;

commit;
