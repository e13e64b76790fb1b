-- Deploy tollhouse:ops/limits to pg
-- requires: ops/operator_audit
-- requires: rate_limit/rate_limits
-- requires: breaker/breakers
-- requires: tenancy/login_bindings
-- requires: queue/channels

begin;
set local role tollhouse_engine;

create function tollhouse_ops.set_rate_limit(
  p_scope text,
  p_target text,
  p_requests_per_minute integer,
  p_tokens_per_minute integer,
  p_max_in_flight integer,
  p_reason text
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_before jsonb;
  v_after jsonb;
begin
  perform tollhouse_private.check_value(p_scope in ('tenant', 'provider', 'model'),
    format('scope %s', coalesce(quote_literal(p_scope), 'null')), 'A scope is tenant, provider or model.');
  perform tollhouse_private.check_target(p_scope, p_target);
  perform tollhouse_private.check_value(
    least(p_requests_per_minute, p_tokens_per_minute, p_max_in_flight) > 0,
    format('%s requests, %s tokens, %s in flight', p_requests_per_minute, p_tokens_per_minute, p_max_in_flight),
    'Each is above 0, or null for no limit; at least one is given. To allow nothing, pull a kill switch.');

  select to_jsonb(rl) into v_before from tollhouse_private.rate_limits as rl where rl.scope = p_scope and rl.target = p_target;
  insert into tollhouse_private.rate_limits as rl
    (scope, target, requests_per_minute, tokens_per_minute, max_in_flight, requests_available, tokens_available, refilled_at)
  values (
    p_scope, p_target, p_requests_per_minute, p_tokens_per_minute, p_max_in_flight,
    coalesce(p_requests_per_minute, 0), coalesce(p_tokens_per_minute, 0), clock_timestamp()
  )
  on conflict (scope, target) do update
  set
    requests_per_minute = excluded.requests_per_minute,
    tokens_per_minute = excluded.tokens_per_minute,
    max_in_flight = excluded.max_in_flight,
    -- A limit that is changed begins with what its bucket holds, not with a full one.
    requests_available = least(rl.requests_available, excluded.requests_available),
    tokens_available = least(rl.tokens_available, excluded.tokens_available)
  returning to_jsonb(rl) into v_after;
  perform tollhouse_private.audit('set_rate_limit', jsonb_build_object('scope', p_scope, 'target', p_target), p_reason, v_before, v_after);
end
$$;
comment on function tollhouse_ops.set_rate_limit(text, text, integer, integer, integer, text) is
  'Requests per minute, tokens per minute and calls in flight of a tenant, provider or model; null: not limited. Raises TH301, TH302, TH303.';

create function tollhouse_ops.drop_rate_limit(
  p_scope text,
  p_target text,
  p_reason text
)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_before jsonb;
begin
  delete from tollhouse_private.rate_limits as rl where rl.scope = p_scope and rl.target = p_target returning to_jsonb(rl) into v_before;
  if not found then
    return false;
  end if;
  perform tollhouse_private.audit('drop_rate_limit', jsonb_build_object('scope', p_scope, 'target', p_target), p_reason, v_before, null);
  return true;
end
$$;
comment on function tollhouse_ops.drop_rate_limit(text, text, text) is 'Removes a limit; false if there was none. Raises TH301.';

create function tollhouse_private.move_breaker(
  p_action text,
  p_provider text,
  p_tenant_id text,
  p_user_id text,
  p_state text,
  p_open_until timestamptz,
  p_reason text
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_before jsonb;
  v_after jsonb;
begin
  perform tollhouse_private.check_target('provider', p_provider);
  perform tollhouse_private.check_value((p_tenant_id = '') = (p_user_id = ''),
    format('tenant %L, user %L', p_tenant_id, p_user_id), 'Give tenant and user for a user''s breaker, neither for the provider''s own.');

  if p_tenant_id = '' then
    select to_jsonb(pb) into v_before from tollhouse_private.provider_breakers as pb where pb.provider = p_provider for update;
    insert into tollhouse_private.provider_breakers as pb (provider, state, opened_at, open_until)
    values (p_provider, p_state, case p_state when 'open' then clock_timestamp() end, p_open_until)
    on conflict (provider) do update
    set state = excluded.state, opened_at = excluded.opened_at, open_until = excluded.open_until, probe_call_id = null
    returning to_jsonb(pb) into v_after;
    if p_state = 'closed' then
      -- A worker's count that is being written is passed over, not waited for: record locks the two in the other order.
      delete from tollhouse_private.provider_windows as pw
      where pw.provider = p_provider
        and pw.worker_id in (
          select c.worker_id from tollhouse_private.provider_windows as c where c.provider = p_provider for update skip locked
        );
    end if;
  else
    perform tollhouse_private.check_target('tenant', p_tenant_id);
    perform tollhouse_private.check_target('user', p_user_id);
    select to_jsonb(b) into v_before
    from tollhouse_private.breakers as b
    where b.tenant_id = p_tenant_id and b.user_id = p_user_id and b.provider = p_provider
    for update;
    insert into tollhouse_private.breakers as b (tenant_id, user_id, provider, state, opened_at, open_until)
    values (p_tenant_id, p_user_id, p_provider, p_state, case p_state when 'open' then clock_timestamp() end, p_open_until)
    on conflict (tenant_id, user_id, provider) do update
    set
      state = excluded.state, opened_at = excluded.opened_at, open_until = excluded.open_until,
      probe_call_id = null, consecutive_failures = 0
    returning to_jsonb(b) into v_after;
  end if;
  perform tollhouse_private.audit(p_action,
    jsonb_build_object('provider', p_provider, 'tenant_id', nullif(p_tenant_id, ''), 'user_id', nullif(p_user_id, '')),
    p_reason, v_before, v_after);
end
$$;
comment on function tollhouse_private.move_breaker(text, text, text, text, text, timestamptz, text) is
  'Sets a breaker by hand and audits it.';

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
begin
  perform tollhouse_private.check_value(p_cooldown is null or p_cooldown > '0',
    format('cooldown %s', p_cooldown), 'Give a positive interval, or null for the provider''s own.');
  perform tollhouse_private.move_breaker('open_breaker', p_provider, p_tenant_id, p_user_id, 'open',
    clock_timestamp() + coalesce(p_cooldown, (select p.cooldown from tollhouse_private.providers as p where p.provider = p_provider)),
    p_reason);
end
$$;
comment on function tollhouse_ops.open_breaker(text, text, text, text, interval) is
  'Opens a provider''s breaker, or one user''s; after the cool-down it probes as usual. Raises TH301, TH302, TH303.';

create function tollhouse_ops.close_breaker(
  p_provider text,
  p_reason text,
  p_tenant_id text default '',
  p_user_id text default ''
)
  returns void
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  select tollhouse_private.move_breaker('close_breaker', p_provider, p_tenant_id, p_user_id, 'closed', null, p_reason);
  select tollhouse_private.wake_idle_worker()
$$;
comment on function tollhouse_ops.close_breaker(text, text, text, text) is
  'Closes a provider''s breaker, or one user''s, and forgets the failures behind it. Raises TH301, TH302, TH303.';

create function tollhouse_ops.bind_login(
  p_login name,
  p_tenant_id text,
  p_reason text,
  p_user_id text default '',
  p_reads_all_users boolean default false
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_before jsonb;
  v_after jsonb;
begin
  perform tollhouse_private.check_value(
    exists (select from pg_catalog.pg_roles as r where r.rolname = p_login and r.rolcanlogin),
    format('login %s', coalesce(quote_literal(p_login), 'null')), 'Create the login role first.');
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  if p_user_id is distinct from '' then
    perform tollhouse_private.check_target('user', p_user_id);
  end if;
  select to_jsonb(lb) into v_before from tollhouse_private.login_bindings as lb where lb.login = p_login;
  insert into tollhouse_private.login_bindings as lb (login, tenant_id, user_id, reads_all_users)
  values (p_login, p_tenant_id, nullif(p_user_id, ''), coalesce(p_reads_all_users, false))
  on conflict (login) do update
  set tenant_id = excluded.tenant_id, user_id = excluded.user_id, reads_all_users = excluded.reads_all_users
  returning to_jsonb(lb) into v_after;
  perform tollhouse_private.audit('bind_login', jsonb_build_object('login', p_login), p_reason, v_before, v_after);
end
$$;
comment on function tollhouse_ops.bind_login(name, text, text, text, boolean) is
  'From its next statement on, the login acts for this tenant only, and for this user if one is given; p_reads_all_users makes it the tenant''s administrator. Raises TH301, TH303.';

create function tollhouse_ops.unbind_login(
  p_login name,
  p_reason text
)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_before jsonb;
begin
  delete from tollhouse_private.login_bindings as lb where lb.login = p_login returning to_jsonb(lb) into v_before;
  if not found then
    return false;
  end if;
  perform tollhouse_private.audit('unbind_login', jsonb_build_object('login', p_login), p_reason, v_before, null);
  return true;
end
$$;
comment on function tollhouse_ops.unbind_login(name, text) is
  'Lets the login say for whom it acts: for trusted application servers only. False if it was not bound. Raises TH301.';

revoke execute on function tollhouse_ops.set_rate_limit(text, text, integer, integer, integer, text) from public;
revoke execute on function tollhouse_ops.drop_rate_limit(text, text, text) from public;
revoke execute on function tollhouse_private.move_breaker(text, text, text, text, text, timestamptz, text) from public;
revoke execute on function tollhouse_ops.open_breaker(text, text, text, text, interval) from public;
revoke execute on function tollhouse_ops.close_breaker(text, text, text, text) from public;
revoke execute on function tollhouse_ops.bind_login(name, text, text, text, boolean) from public;
revoke execute on function tollhouse_ops.unbind_login(name, text) from public;
grant execute on function tollhouse_ops.set_rate_limit(text, text, integer, integer, integer, text) to tollhouse_operator;
grant execute on function tollhouse_ops.drop_rate_limit(text, text, text) to tollhouse_operator;
grant execute on function tollhouse_ops.open_breaker(text, text, text, text, interval) to tollhouse_operator;
grant execute on function tollhouse_ops.close_breaker(text, text, text, text) to tollhouse_operator;
grant execute on function tollhouse_ops.bind_login(name, text, text, text, boolean) to tollhouse_operator;
grant execute on function tollhouse_ops.unbind_login(name, text) to tollhouse_operator;

commit;
