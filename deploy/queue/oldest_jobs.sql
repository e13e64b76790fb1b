-- Deploy tollhouse:queue/oldest_jobs to pg

begin;
set local role tollhouse_owner;

create type tollhouse_private.turn as (
  tenant_id text collate "C",
  user_id text collate "C",
  first uuid,
  taken boolean,
  calls integer,
  bytes bigint
);
comment on type tollhouse_private.turn is
  'What a user may have of a batch: so many calls, the oldest from the first on, which may be taken already, until their requests have so many bytes.';

set local role tollhouse_engine;

create function tollhouse_private.oldest_jobs(
  p_turns tollhouse_private.turn[],
  p_limit integer,
  p_bytes bigint
)
  returns tollhouse_private.work[]
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
          select t.turn, t.bytes, j.job, j.call_id, j.request_bytes
          from unnest(p_turns) with ordinality as t (tenant_id, user_id, first, taken, calls, bytes, turn)
          cross join lateral (
            select tollhouse_private.work_of(q, q.ctid) as job, q.call_id, q.request_bytes
            from tollhouse_private.jobs as q
            where q.state = 'queued'
              and q.tenant_id = t.tenant_id
              and q.user_id = t.user_id
              and q.call_id >= t.first
              and (q.call_id > t.first or not t.taken)
            order by q.call_id
            limit t.calls
            for update skip locked
          ) as j
          -- Turn by turn, as they come: an order by would lock the whole share of each.
          limit p_limit
        ) as locked
      ) as share
      where share.before_in_share < share.bytes
    ) as mine
    where mine.before < p_bytes
  );
end
$$;
comment on function tollhouse_private.oldest_jobs(tollhouse_private.turn[], integer, bigint) is
  'Locks the oldest queued jobs of each user whose turn it is: as many as the turn allows, p_limit in all, until their requests have p_bytes. They come without their requests.';

revoke execute on function tollhouse_private.oldest_jobs(tollhouse_private.turn[], integer, bigint) from public;

commit;
