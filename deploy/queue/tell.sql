-- Deploy tollhouse:queue/tell to pg

begin;
set local role tollhouse_owner;

-- All databases of a server share one queue of notifications, and any login can fill it. A NOTIFY into a full one fails
-- the transaction as it commits. Who is not told looks for themselves soon: it costs latency, never a call or a switch.
create function tollhouse_private.tell(
  p_channel text,
  p_payloads text[]
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_notification_queue_usage() < 0.5 then
    perform pg_notify(p_channel, p.payload) from unnest(p_payloads) as p (payload);
  end if;
end
$$;
comment on function tollhouse_private.tell(text, text[]) is
  'Notifies a channel of each payload, unless the server''s queue of notifications is half full.';

create function tollhouse_private.tell_each(
  p_channels text[],
  p_payloads text[]
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_notification_queue_usage() < 0.5 then
    perform pg_notify(p.channel, p.payload) from unnest(p_channels, p_payloads) as p (channel, payload);
  end if;
end
$$;
comment on function tollhouse_private.tell_each(text[], text[]) is
  'Notifies each channel of its payload, as tell does.';

revoke execute on function tollhouse_private.tell(text, text[]) from public;
grant execute on function tollhouse_private.tell(text, text[]) to tollhouse_engine;
revoke execute on function tollhouse_private.tell_each(text[], text[]) from public;
grant execute on function tollhouse_private.tell_each(text[], text[]) to tollhouse_engine;

commit;
