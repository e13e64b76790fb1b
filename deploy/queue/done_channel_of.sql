-- Deploy tollhouse:queue/done_channel_of to pg

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

revoke execute on function tollhouse_private.done_channel_of(text, text) from public;
grant execute on function tollhouse_private.done_channel_of(text, text) to tollhouse_engine;

commit;
