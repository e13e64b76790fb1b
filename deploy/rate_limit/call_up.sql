-- Deploy tollhouse:rate_limit/call_up to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.call_up(
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  c_lines constant integer := 50;
  c_calls constant integer := 50;
begin
  if not exists (select from tollhouse_private.jobs as j where j.line is not null) then
    return;
  end if;

  with recursive onward (line) as (
    (select j.line from tollhouse_private.jobs as j where j.line is not null order by j.line limit 1)
    union all
    select (select j.line from tollhouse_private.jobs as j where j.line > o.line order by j.line limit 1)
    from onward as o
    where o.line is not null
  ),
  -- A removed limit lets everybody pass.
  room as materialized (
    select
      l.line, coalesce(rl.last_tenant_id, '') as last_tenant_id, coalesce(rl.tokens_per_minute, 0) as tokens_per_minute,
      rl.tokens_available + rl.tokens_per_minute * gone.minutes as tokens,
      least(
        c_calls, floor(rl.requests_available + rl.requests_per_minute * gone.minutes),
        case when rl.max_in_flight is not null then rl.max_in_flight - (
          select count(*)
          from tollhouse_private.jobs as j
          where j.state = 'running'
            and rl.target = case rl.scope when 'tenant' then j.tenant_id when 'provider' then j.provider else j.model end
        ) end
      ) as calls
    from (select o.line from onward as o where o.line is not null limit c_lines) as l
    left join tollhouse_private.rate_limits as rl on rl.line = l.line
    left join lateral (
      select extract(epoch from greatest(p_now - rl.refilled_at, '0')) / 60 as minutes
    ) as gone on true
  )
  update tollhouse_private.jobs as j
  set state = 'queued'
  where j.ctid = any (array(
    select w.ctid
    from (
      select
        n.tenant_id, n.call_id, r.tokens,
        sum(least(n.tokens, r.tokens_per_minute)) over (partition by r.line order by n.turn) as tokens_in_line
      from room as r
      cross join lateral tollhouse_private.next_in_line(r.line, r.last_tenant_id, r.calls::integer) as n
      where r.calls > 0
    ) as due
    join tollhouse_private.jobs as w on w.tenant_id = due.tenant_id and w.call_id = due.call_id
    where w.state = 'scheduled'
      and (due.tokens_in_line <= due.tokens) is not false
    for update of w skip locked
  ));
end
$$;
comment on function tollhouse_private.call_up(timestamptz) is
  'Queues the calls that their rate limit has room for now, by turns, whatever time they were deferred to: else whoever is queued when room comes would go before whoever sleeps.';

revoke execute on function tollhouse_private.call_up(timestamptz) from public;

commit;
