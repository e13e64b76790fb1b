-- Deploy tollhouse:breaker/begin_probes to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.begin_probes(
  p_routes tollhouse_private.route[]
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from unnest(p_routes) as r where r.user_probe or r.provider_probe) then
    return;
  end if;

  update tollhouse_private.breakers as b
  set state = 'half_open', probe_call_id = (r.job).call_id
  from unnest(p_routes) as r
  where r.user_probe
    and b.tenant_id = (r.job).tenant_id and b.user_id = (r.job).user_id and b.provider = r.provider;

  update tollhouse_private.provider_breakers as pb
  set state = 'half_open', probe_call_id = (r.job).call_id
  from unnest(p_routes) as r
  where r.provider_probe
    and pb.provider = r.provider;
end
$$;
comment on function tollhouse_private.begin_probes(tollhouse_private.route[]) is
  'Makes the admitted probes the only calls that pass their breakers, which route_jobs has locked.';

revoke execute on function tollhouse_private.begin_probes(tollhouse_private.route[]) from public;

commit;
