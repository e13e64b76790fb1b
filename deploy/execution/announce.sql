-- Deploy tollhouse:execution/announce to pg
-- requires: queue/done_channel_of
-- requires: execution/settlement

begin;
set local role tollhouse_owner;

create function tollhouse_private.announce(
  p_settlements tollhouse_private.settlement[]
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_announced bigint;
begin
  with caller as materialized (
    select distinct (s.job).tenant_id, (s.job).user_id from unnest(p_settlements) as s
  ),
  channel as materialized (
    select c.tenant_id, c.user_id, tollhouse_private.done_channel_of(c.tenant_id, c.user_id) as name from caller as c
  )
  select count(pg_notify(ch.name, (s.job).call_id::text)) into v_announced
  from channel as ch
  join unnest(p_settlements) as s on (s.job).tenant_id = ch.tenant_id and (s.job).user_id = ch.user_id;
end
$$;
comment on function tollhouse_private.announce(tollhouse_private.settlement[]) is
  'Tells callers that their calls are over, each on its own channel. Not for what enqueue answers itself: its caller holds the answer, and a notification for each would slow every enqueue down.';

revoke execute on function tollhouse_private.announce(tollhouse_private.settlement[]) from public;
grant execute on function tollhouse_private.announce(tollhouse_private.settlement[]) to tollhouse_engine;

commit;
