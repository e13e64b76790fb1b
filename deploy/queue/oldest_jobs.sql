-- Deploy tollhouse:queue/oldest_jobs to pg
-- requires: queue/without_request

begin;
set local role tollhouse_engine;

create function tollhouse_private.oldest_jobs(
  p_tenants text[],
  p_after uuid[],
  p_share integer,
  p_share_bytes bigint,
  p_limit integer,
  p_bytes bigint
)
  returns tollhouse_private.jobs[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(array_agg(mine.job order by mine.turn, mine.call_id), '{}')
    from (
      select share.*, sum(share.request_bytes) over (order by share.turn, share.call_id) - share.request_bytes as before
      from (
        select locked.*, sum(locked.request_bytes) over (partition by locked.turn order by locked.call_id) - locked.request_bytes as before_in_share
        from (
          select t.turn, j.job, j.call_id, j.request_bytes
          from unnest(p_tenants, p_after) with ordinality as t (tenant_id, after, turn)
          cross join lateral (
            select tollhouse_private.without_request(q) as job, q.call_id, q.request_bytes
            from tollhouse_private.jobs as q
            where q.state = 'queued'
              and q.tenant_id = t.tenant_id
              and q.call_id > t.after
            order by q.call_id
            limit p_share
            for update skip locked
          ) as j
          -- Tenant by tenant, as they come: an order by would lock the whole share of each.
          limit p_limit
        ) as locked
      ) as share
      where share.before_in_share < p_share_bytes
    ) as mine
    where mine.before < p_bytes
  );
end
$$;
comment on function tollhouse_private.oldest_jobs(text[], uuid[], integer, bigint, integer, bigint) is
  'Locks the oldest queued jobs of each tenant, those after a call of its own: p_share of each and p_limit in all, until their requests have p_share_bytes and p_bytes. They come without their requests.';

revoke execute on function tollhouse_private.oldest_jobs(text[], uuid[], integer, bigint, integer, bigint) from public;

commit;
