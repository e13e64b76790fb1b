-- Deploy tollhouse:queue/done_channel_of to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.done_channel_name(
  p_secret text,
  p_tenant_id text,
  p_user_id text
)
  returns text
  language sql
  stable
as $$
  select 'tollhouse_done_' || pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(
    pg_catalog.convert_to(p_secret || '/' || p_tenant_id || '/' || p_user_id, 'UTF8')
  ), 'hex'), 40)
$$;
comment on function tollhouse_private.done_channel_name(text, text, text) is
  'The channel on which that user''s results are announced, by the installation''s secret: for who asks for many.';

create function tollhouse_private.done_channel_of(
  p_tenant_id text,
  p_user_id text
)
  returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select tollhouse_private.done_channel_name(s.secret, p_tenant_id, p_user_id)
  from tollhouse_private.channel_secret as s
$$;
comment on function tollhouse_private.done_channel_of(text, text) is 'The channel on which that user''s results are announced.';

revoke execute on function tollhouse_private.done_channel_name(text, text, text) from public;
grant execute on function tollhouse_private.done_channel_name(text, text, text) to tollhouse_engine;
revoke execute on function tollhouse_private.done_channel_of(text, text) from public;
grant execute on function tollhouse_private.done_channel_of(text, text) to tollhouse_engine;

commit;
