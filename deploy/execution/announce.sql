-- Deploy tollhouse:execution/announce to pg

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
begin
  perform tollhouse_private.tell_each(
    array_agg(tollhouse_private.done_channel_name(cs.secret, (s.job).tenant_id, (s.job).user_id)), array_agg((s.job).call_id::text)
  )
  from unnest(p_settlements) as s
  cross join tollhouse_private.channel_secret as cs;
end
$$;
comment on function tollhouse_private.announce(tollhouse_private.settlement[]) is
  'Tells callers that their calls are over, each on its own channel. Not for what enqueue answers itself: its caller holds the answer, and a notification for each would slow every enqueue down.';

revoke execute on function tollhouse_private.announce(tollhouse_private.settlement[]) from public;
grant execute on function tollhouse_private.announce(tollhouse_private.settlement[]) to tollhouse_engine;

commit;
