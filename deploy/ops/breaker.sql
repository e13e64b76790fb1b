-- Deploy tollhouse:ops/breaker to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.move_breaker(
  p_action text,
  p_provider text,
  p_tenant_id text,
  p_user_id text,
  p_state text,
  p_open_until timestamptz,
  p_reason text
)
  returns boolean
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_before jsonb;
  v_after jsonb;
  v_opened_at timestamptz := case p_state when 'open' then clock_timestamp() end;
  v_reason text := case p_state when 'open' then p_reason end;
begin
  perform tollhouse_private.check_target('provider', p_provider);
  perform tollhouse_private.check_value((p_tenant_id = '') = (p_user_id = ''),
    format('tenant %L, user %L', p_tenant_id, p_user_id), 'Give tenant and user for a user''s breaker, neither for the provider''s own.');

  if p_tenant_id = '' then
    select to_jsonb(pb) into v_before from tollhouse_private.provider_breakers as pb where pb.provider = p_provider for update;
    insert into tollhouse_private.provider_breakers as pb (provider, state, opened_at, open_until, reason)
    values (p_provider, p_state, v_opened_at, p_open_until, v_reason)
    on conflict (provider) do update
    set state = excluded.state, opened_at = excluded.opened_at, open_until = excluded.open_until, reason = excluded.reason, probe_call_id = null
    returning to_jsonb(pb) into v_after;
    if p_state = 'closed' then
      -- Skips counts that a worker is writing instead of waiting: record locks the two in the opposite order.
      delete from tollhouse_private.provider_windows as pw
      where pw.provider = p_provider
        and (pw.worker_id, pw.tenant_id) in (
          select c.worker_id, c.tenant_id from tollhouse_private.provider_windows as c where c.provider = p_provider for update skip locked
        );
    end if;
  else
    perform tollhouse_private.check_target('tenant', p_tenant_id);
    perform tollhouse_private.check_target('user', p_user_id);
    select to_jsonb(b) into v_before
    from tollhouse_private.breakers as b
    where b.tenant_id = p_tenant_id and b.user_id = p_user_id and b.provider = p_provider
    for update;
    if not found and p_state = 'closed' then
      return false;
    end if;
    insert into tollhouse_private.breakers as b (tenant_id, user_id, provider, state, opened_at, open_until, reason)
    values (p_tenant_id, p_user_id, p_provider, p_state, v_opened_at, p_open_until, v_reason)
    on conflict (tenant_id, user_id, provider) do update
    set
      state = excluded.state, opened_at = excluded.opened_at, open_until = excluded.open_until,
      reason = excluded.reason, probe_call_id = null, consecutive_failures = 0
    returning to_jsonb(b) into v_after;
  end if;
  perform tollhouse_private.audit(p_action,
    jsonb_build_object('provider', p_provider, 'tenant_id', nullif(p_tenant_id, ''), 'user_id', nullif(p_user_id, '')),
    p_reason, v_before, v_after);
  return coalesce(v_before ->> 'state' <> p_state, p_state <> 'closed');
end
$$;
comment on function tollhouse_private.move_breaker(text, text, text, text, text, timestamptz, text) is
  'Sets a breaker manually and audits it; returns whether its state changed.';

revoke execute on function tollhouse_private.move_breaker(text, text, text, text, text, timestamptz, text) from public;

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
    format('cooldown %s', p_cooldown), 'Give a positive interval of at most 366 days, or null for the provider''s own.');
  perform tollhouse_private.move_breaker('open_breaker', p_provider, p_tenant_id, p_user_id, 'open',
    clock_timestamp() + coalesce(p_cooldown, (select p.cooldown from tollhouse_private.providers as p where p.provider = p_provider)),
    p_reason);
end
$$;
comment on function tollhouse_ops.open_breaker(text, text, text, text, interval) is
  'Opens the breaker of a provider or of one user; after the cool-down it probes as usual. Raises TH301, TH302, TH303.';

revoke execute on function tollhouse_ops.open_breaker(text, text, text, text, interval) from public;
grant execute on function tollhouse_ops.open_breaker(text, text, text, text, interval) to tollhouse_operator;

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
  'Closes the breaker of a provider or of one user and resets its failure count. False if it was already closed. Raises TH301, TH302, TH303.';

revoke execute on function tollhouse_ops.close_breaker(text, text, text, text) from public;
grant execute on function tollhouse_ops.close_breaker(text, text, text, text) to tollhouse_operator;

commit;
