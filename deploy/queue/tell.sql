-- Deploy tollhouse:queue/tell to pg

begin;
set local role tollhouse_owner;

-- All databases of a server share one notification queue, and any login can fill it. With a full queue, a transaction
-- that used NOTIFY fails at commit. Listeners also poll, so a skipped notification costs latency, never a call or a switch.
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
  'Sends each payload to a channel, unless the server''s notification queue is half full.';

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
  'Sends each channel its own payload, as tell does.';

revoke execute on function tollhouse_private.tell(text, text[]) from public;
grant execute on function tollhouse_private.tell(text, text[]) to tollhouse_engine;
revoke execute on function tollhouse_private.tell_each(text[], text[]) from public;
grant execute on function tollhouse_private.tell_each(text[], text[]) to tollhouse_engine;

commit;
