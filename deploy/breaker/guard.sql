-- Deploy tollhouse:breaker/guard to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.guard_breaker(
  p_state text,
  p_open_until timestamptz,
  p_now timestamptz
)
  returns text
  language sql
  immutable
as $$
  select case
    when p_state is null or p_state = 'closed' then 'pass'
    when p_state = 'open' and p_open_until <= p_now then 'probe'
    else 'stop'
  end
$$;
comment on function tollhouse_private.guard_breaker(text, timestamptz, timestamptz) is
  'pass (closed, or no row), probe (open, cool-down over), stop (open, or half-open with its probe in flight).';

create function tollhouse_private.open_breakers(
  p_jobs tollhouse_private.work[],
  out of_users tollhouse_private.breakers[],
  out of_providers tollhouse_private.provider_breakers[]
)
  returns record
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  select array_agg(l.b) into of_users
  from (
    select j.tenant_id, j.user_id from unnest(p_jobs) as j group by 1, 2 order by 1, 2
  ) as caller
  cross join lateral (
    select b from tollhouse_private.breakers as b
    where b.tenant_id = caller.tenant_id and b.user_id = caller.user_id and b.state <> 'closed'
    order by b.provider for update
  ) as l;
  select array_agg(l.pb) into of_providers from (
    select pb from tollhouse_private.provider_breakers as pb where pb.state <> 'closed' order by pb.provider for update
  ) as l;
end
$$;
comment on function tollhouse_private.open_breakers(tollhouse_private.work[]) is
  'Locks, and returns, the breakers that are not closed: of those who ask, and of all providers. So of all workers one sees a probe free. Null: none. One that opens later counts as closed.';

create function tollhouse_private.needless_probes(
  p_routes tollhouse_private.route[],
  p_admitted tollhouse_private.route[]
)
  returns tollhouse_private.work[]
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return array(
    select w.job
    from (
      select
        r.*,
        row_number() over (partition by (r.job).tenant_id, (r.job).user_id, r.provider, r.user_probe order by (r.job).call_id) as user_turn,
        row_number() over (partition by r.provider, r.provider_probe order by (r.job).call_id) as provider_turn
      from unnest(p_routes) as r
    ) as w
    where (w.user_probe and w.user_turn > 1)
      or (w.provider_probe and w.provider_turn > 1)
      or exists (
        select
        from unnest(p_admitted) as a
        where a.provider = w.provider
          and (
            (a.provider_probe and w.provider_probe)
            or (a.user_probe and w.user_probe and (a.job).tenant_id = (w.job).tenant_id and (a.job).user_id = (w.job).user_id)
          )
      )
  );
end
$$;
comment on function tollhouse_private.needless_probes(tollhouse_private.route[], tollhouse_private.route[]) is
  'Of the calls that would probe the same breaker, all but the oldest; and all, where a call that is admitted already (p_admitted) probes it.';

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
  'Makes the admitted probes the only calls that pass their breakers, which open_breakers has locked.';

revoke execute on function tollhouse_private.guard_breaker(text, timestamptz, timestamptz) from public;
grant execute on function tollhouse_private.guard_breaker(text, timestamptz, timestamptz) to tollhouse_owner;
revoke execute on function tollhouse_private.open_breakers(tollhouse_private.work[]) from public;
revoke execute on function tollhouse_private.needless_probes(tollhouse_private.route[], tollhouse_private.route[]) from public;
revoke execute on function tollhouse_private.begin_probes(tollhouse_private.route[]) from public;

commit;
