-- Deploy tollhouse:queue/channels to pg
-- requires: platform/settings
-- requires: queue/workers
-- requires: tenancy/identity

begin;
set local role tollhouse_owner;

create function tollhouse_private.done_channel_of(
  p_tenant_id text,
  p_user_id text
)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select 'tollhouse_done_' || left(encode(sha256(convert_to(s.secret || '/' || p_tenant_id || '/' || p_user_id, 'UTF8')), 'hex'), 40)
  from tollhouse_private.channel_secret as s
$$;
comment on function tollhouse_private.done_channel_of(text, text) is 'The channel on which that user''s results are announced.';

create function tollhouse.done_channel()
  returns text
  language plpgsql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_identity record;
begin
  select i.* into v_identity from tollhouse_private.identity() as i;
  if v_identity.user_id is null then
    raise exception using
      errcode = 'TH001',
      message = 'no identity',
      hint = 'In the same transaction, first: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;
  return tollhouse_private.done_channel_of(v_identity.tenant_id, v_identity.user_id);
end
$$;
comment on function tollhouse.done_channel() is
  'Name of the channel to LISTEN on: each payload is the id of one finished call of yours. Raises TH001.';

-- NOTIFY serializes commits across the database, so only a sleeping worker is worth one.
create function tollhouse_private.wake_idle_worker()
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from tollhouse_private.workers as w where w.idle) then
    perform pg_notify('tollhouse_wake', '');
  end if;
end
$$;
comment on function tollhouse_private.wake_idle_worker() is 'Notifies tollhouse_wake if, and only if, a worker has said that it sleeps.';

revoke execute on function tollhouse_private.done_channel_of(text, text) from public;
revoke execute on function tollhouse.done_channel() from public;
revoke execute on function tollhouse_private.wake_idle_worker() from public;
grant execute on function tollhouse_private.done_channel_of(text, text) to tollhouse_engine;
grant execute on function tollhouse.done_channel() to tollhouse_client;
grant execute on function tollhouse_private.wake_idle_worker() to tollhouse_engine;

commit;
