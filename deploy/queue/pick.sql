-- Deploy tollhouse:queue/pick to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.pick(
  p_last_tenant_id text,
  p_limit integer,
  out jobs tollhouse_private.work[],
  out last_tenant_id text
)
  returns record
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- Of requests, in a batch: what a claim's reply, and the server that makes it, can hold with ease.
  c_bytes constant bigint := 4 * 1024 * 1024;
  v_tenants text[] := tollhouse_private.tenants_in_line(p_last_tenant_id, p_limit);
  v_count integer;
  v_moved text[];
  v_users text[];
  v_turns tollhouse_private.turn[];
  v_first tollhouse_private.turn[];
  v_places integer;
  v_bytes bigint;
begin
  jobs := '{}';
  last_tenant_id := p_last_tenant_id;
  v_count := cardinality(v_tenants);
  if v_count = 0 then
    return;
  end if;

  -- Equal shares, of tenants and of the users of each; who has one call more than others is the last to have had a turn.
  with share as materialized (
    select t.tenant_id, t.turn, t.calls, u.users, u.firsts, cardinality(u.users) as count, coalesce(tu.last_user_id, '') as last_user_id
    from (
      select t.tenant_id, t.turn, p_limit / v_count + (t.turn <= p_limit % v_count)::integer as calls
      from unnest(v_tenants) with ordinality as t (tenant_id, turn)
    ) as t
    left join tollhouse_private.turns as tu on tu.tenant_id = t.tenant_id and tu.line = ''
    cross join lateral (
      select array_agg(w.user_id) as users, array_agg(w.call_id) as firsts
      from tollhouse_private.users_in_line(t.tenant_id, coalesce(tu.last_user_id, ''), t.calls) as w
    ) as u
    where u.users is not null
  ),
  moved as materialized (
    select s.tenant_id, s.users[case when s.count = s.calls then s.count else s.calls % s.count end] as user_id
    from share as s
    where s.count > 1 or s.count = s.calls
  )
  select array_agg(row(
    s.tenant_id, u.user_id, u.first, false,
    s.calls / s.count + (u.turn <= s.calls % s.count)::integer, c_bytes / v_count / s.count
  )::tollhouse_private.turn order by s.turn, u.turn),
    (select array_agg(m.tenant_id) from moved as m), (select array_agg(m.user_id) from moved as m)
  into v_turns, v_moved, v_users
  from share as s
  cross join lateral unnest(s.users, s.firsts) with ordinality as u (user_id, first, turn);
  perform tollhouse_private.note_turns('', v_moved, v_users);
  jobs := tollhouse_private.oldest_jobs(v_turns, p_limit, c_bytes);

  v_places := p_limit - cardinality(jobs);
  select c_bytes - sum(p.request_bytes) into v_bytes from unnest(jobs) as p;
  last_tenant_id := case
    when v_bytes <= 0 then jobs[cardinality(jobs)].tenant_id
    when v_count = p_limit then v_tenants[v_count]
    else coalesce(v_tenants[p_limit % v_count], p_last_tenant_id)
  end;

  -- What the short queues left goes to the long ones.
  if v_places > 0 and v_bytes > 0 and cardinality(v_turns) > 1 then
    v_first := v_turns;
    select array_agg(row(long.tenant_id, long.user_id, long.last_call_id, true, ceil(v_places::numeric / long.count), v_bytes)::tollhouse_private.turn order by long.turn)
    into v_turns
    from (
      select t.turn, t.tenant_id, t.user_id, p.last_call_id, count(*) over () as count
      from unnest(v_first) with ordinality as t (tenant_id, user_id, first, taken, calls, bytes, turn)
      join (
        select p.tenant_id, p.user_id, max(p.call_id::text)::uuid as last_call_id, count(*) as calls, sum(p.request_bytes) as bytes
        from unnest(jobs) as p
        group by p.tenant_id, p.user_id
      ) as p on p.tenant_id = t.tenant_id and p.user_id = t.user_id
      where p.calls = t.calls or p.bytes >= t.bytes
    ) as long;
    jobs := jobs || tollhouse_private.oldest_jobs(v_turns, v_places, v_bytes);
  end if;
end
$$;
comment on function tollhouse_private.pick(text, integer) is
  'Locks up to p_limit queued jobs, the oldest of each user, in equal shares of number and of bytes: of the tenants, beginning after the one served last, and of the users of each. They come without their requests. Returns where the next round begins, too.';

revoke execute on function tollhouse_private.pick(text, integer) from public;

commit;
