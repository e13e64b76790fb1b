-- Deploy tollhouse:queue/done_channel to pg

begin;
set local role tollhouse_owner;

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
      hint = 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;
  return tollhouse_private.done_channel_of(v_identity.tenant_id, v_identity.user_id);
end
$$;
comment on function tollhouse.done_channel() is
  'Name of the channel to LISTEN on: each payload is the id of one finished call of yours. What enqueue answered at once is not announced. Raises TH001.';

revoke execute on function tollhouse.done_channel() from public;
grant execute on function tollhouse.done_channel() to tollhouse_client;

commit;
