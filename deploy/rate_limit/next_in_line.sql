-- Deploy tollhouse:rate_limit/next_in_line to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.next_in_line(
  p_line text,
  p_last_tenant_id text,
  p_limit integer
)
  returns table (
    tenant_id text,
    user_id text,
    call_id uuid,
    tokens integer,
    turn bigint
  )
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  -- Round the tenants once, beginning after the one that had the last turn: one index probe per tenant, and p_limit at most.
  with recursive onward (tenant_id, again) as (
    select (
      select j.tenant_id from tollhouse_private.jobs as j where j.line = p_line and j.tenant_id > p_last_tenant_id
      order by j.tenant_id limit 1
    ), false
    union all
    select case when next.tenant_id <= p_last_tenant_id or not round.again then next.tenant_id end, round.again
    from onward as o
    cross join lateral (select o.again or o.tenant_id is null as again) as round
    cross join lateral (
      select (
        select j.tenant_id from tollhouse_private.jobs as j
        where j.line = p_line and j.tenant_id > coalesce(o.tenant_id, '')
        order by j.tenant_id limit 1
      ) as tenant_id
    ) as next
    where o.tenant_id is not null or not o.again
  ),
  tenant as materialized (
    select t.tenant_id, row_number() over () as turn, count(*) over () as count
    from (select o.tenant_id from onward as o where o.tenant_id is not null limit p_limit) as t
  ),
  -- And the users of each, in the same way.
  asker as materialized (
    select
      t.tenant_id, t.turn as tenant_turn, u.user_id, row_number() over (partition by t.tenant_id) as user_turn,
      count(*) over (partition by t.tenant_id) as users, ceil(p_limit::numeric / t.count) as calls
    from tenant as t
    left join tollhouse_private.turns as tu on tu.tenant_id = t.tenant_id and tu.line = p_line
    cross join lateral (
      with recursive onward (user_id, again) as (
        select (
          select j.user_id from tollhouse_private.jobs as j
          where j.line = p_line and j.tenant_id = t.tenant_id and j.user_id > coalesce(tu.last_user_id, '')
          order by j.user_id limit 1
        ), false
        union all
        select case when next.user_id <= coalesce(tu.last_user_id, '') or not round.again then next.user_id end, round.again
        from onward as o
        cross join lateral (select o.again or o.user_id is null as again) as round
        cross join lateral (
          select (
            select j.user_id from tollhouse_private.jobs as j
            where j.line = p_line and j.tenant_id = t.tenant_id and j.user_id > coalesce(o.user_id, '')
            order by j.user_id limit 1
          ) as user_id
        ) as next
        where o.user_id is not null or not o.again
      )
      select o.user_id from onward as o where o.user_id is not null limit ceil(p_limit::numeric / t.count)
    ) as u
  )
  select n.tenant_id, n.user_id, n.call_id, n.tokens, row_number() over (order by n.tenant_round, n.tenant_turn)
  from (
    select
      a.tenant_id, a.tenant_turn, a.user_id, c.call_id, c.tokens,
      row_number() over (partition by a.tenant_id order by c.user_round, a.user_turn) as tenant_round
    from asker as a
    cross join lateral (
      select w.call_id, w.request_bytes / 4 + w.max_output_tokens as tokens, row_number() over (order by w.call_id) as user_round
      from (
        select j.call_id, j.request_bytes, j.max_output_tokens
        from tollhouse_private.jobs as j
        where j.line = p_line and j.tenant_id = a.tenant_id and j.user_id = a.user_id
        order by j.call_id
        limit ceil(a.calls / a.users)
      ) as w
    ) as c
  ) as n
  order by 5
  limit p_limit
$$;
comment on function tollhouse_private.next_in_line(text, text, integer) is
  'The calls whose turn is next in the line of a rate limit: by turns over the tenants, and over the users of each, the oldest of each user first.';

revoke execute on function tollhouse_private.next_in_line(text, text, integer) from public;

commit;
