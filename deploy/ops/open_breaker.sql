-- Deploy tollhouse:ops/open_breaker to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.open_breaker(
  p_provider text,
  p_reason text,
  p_tenant_id text default '',
  p_user_id text default '',
  p_cooldown interval default null
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_provider constant text collate "C" := open_breaker.p_provider;
  p_reason constant text collate "C" := open_breaker.p_reason;
  p_tenant_id constant text collate "C" := open_breaker.p_tenant_id;
  p_user_id constant text collate "C" := open_breaker.p_user_id;
begin
  perform tollhouse_private.check_value(p_cooldown is null or (p_cooldown > '0' and p_cooldown <= '366 days'),
    format('cooldown %s', p_cooldown), 'Give a positive interval of 366 days at most, or null for the provider''s own.');
  perform tollhouse_private.move_breaker('open_breaker', p_provider, p_tenant_id, p_user_id, 'open',
    clock_timestamp() + coalesce(p_cooldown, (select p.cooldown from tollhouse_private.providers as p where p.provider = p_provider)),
    p_reason);
end
$$;
comment on function tollhouse_ops.open_breaker(text, text, text, text, interval) is
  'Opens a provider''s breaker, or one user''s; after the cool-down it probes as usual. Raises TH301, TH302, TH303.';

revoke execute on function tollhouse_ops.open_breaker(text, text, text, text, interval) from public;
grant execute on function tollhouse_ops.open_breaker(text, text, text, text, interval) to tollhouse_operator;

commit;
