-- Deploy tollhouse:ops/close_breaker to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.close_breaker(
  p_provider text,
  p_reason text,
  p_tenant_id text default '',
  p_user_id text default ''
)
  returns boolean
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  select tollhouse_private.wake_idle_worker();
  select tollhouse_private.move_breaker('close_breaker', p_provider collate "C", p_tenant_id collate "C", p_user_id collate "C", 'closed', null, p_reason collate "C")
$$;
comment on function tollhouse_ops.close_breaker(text, text, text, text) is
  'Closes a provider''s breaker, or one user''s, and forgets the failures behind it. False if it was closed. Raises TH301, TH302, TH303.';

revoke execute on function tollhouse_ops.close_breaker(text, text, text, text) from public;
grant execute on function tollhouse_ops.close_breaker(text, text, text, text) to tollhouse_operator;

commit;
