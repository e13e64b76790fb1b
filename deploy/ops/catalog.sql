-- Deploy tollhouse:ops/catalog to pg
-- requires: ops/operator_audit
-- requires: routing/providers
-- requires: pricing/model_prices
-- requires: task_types/task_types
-- requires: tenancy/tenant_settings

begin;
set local role tollhouse_engine;

create function tollhouse_ops.set_provider(
  p_provider text,
  p_reason text,
  p_failure_threshold integer default 5,
  p_cooldown interval default '30 seconds',
  p_window interval default '1 minute',
  p_window_min_calls integer default 20,
  p_window_failure_share numeric default 0.5
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
  perform tollhouse_private.check_target('name', p_provider);
  select to_jsonb(p) into v_before from tollhouse_private.providers as p where p.provider = p_provider;
  begin
    insert into tollhouse_private.providers as p
      (provider, failure_threshold, cooldown, failure_window, window_min_calls, window_failure_share)
    values (p_provider, p_failure_threshold, p_cooldown, p_window, p_window_min_calls, p_window_failure_share)
    on conflict (provider) do update
    set
      failure_threshold = excluded.failure_threshold,
      cooldown = excluded.cooldown,
      failure_window = excluded.failure_window,
      window_min_calls = excluded.window_min_calls,
      window_failure_share = excluded.window_failure_share
    returning to_jsonb(p) into v_after;
  exception
    when check_violation or not_null_violation then
      raise exception using errcode = 'TH303', message = 'bad value', detail = sqlerrm,
        hint = 'Threshold 1 to 1000, intervals above 0, share above 0 and at most 1.';
  end;
  perform tollhouse_private.audit('set_provider', jsonb_build_object('provider', p_provider), p_reason, v_before, v_after);
end
$$;
comment on function tollhouse_ops.set_provider(text, text, integer, interval, interval, integer, numeric) is
  'Makes a provider known, or changes its breakers: consecutive failures until a user''s opens, cool-down, and window, calls and share of failures for its own. Raises TH301, TH303.';

create function tollhouse_ops.set_model(
  p_model text,
  p_provider text,
  p_provider_model text,
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
  perform tollhouse_private.check_target('name', p_model);
  perform tollhouse_private.check_target('provider', p_provider);
  perform tollhouse_private.check_value(length(p_provider_model) between 1 and 256,
    format('provider model %s', coalesce(quote_literal(p_provider_model), 'null')), 'Give the provider''s own name of the model.');
  select to_jsonb(m) into v_before from tollhouse_private.models as m where m.model = p_model;
  insert into tollhouse_private.models as m (model, provider, provider_model)
  values (p_model, p_provider, p_provider_model)
  on conflict (model) do update set provider = excluded.provider, provider_model = excluded.provider_model
  returning to_jsonb(m) into v_after;
  perform tollhouse_private.audit('set_model', jsonb_build_object('model', p_model), p_reason, v_before, v_after);
end
$$;
comment on function tollhouse_ops.set_model(text, text, text, text) is
  'Makes a model known, or says where it is served. It needs prices and an endpoint before it is used. Raises TH301, TH302, TH303.';

create function tollhouse_ops.set_price(
  p_model text,
  p_kind text,
  p_micro_usd_per_million bigint,
  p_reason text,
  p_effective_from timestamptz default pg_catalog.now()
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform tollhouse_private.check_target('model', p_model);
  perform tollhouse_private.check_value(p_kind in ('input', 'cached_input', 'output', 'reasoning'),
    format('kind %s', coalesce(quote_literal(p_kind), 'null')), 'A kind is input, cached_input, output or reasoning.');
  perform tollhouse_private.check_value(p_micro_usd_per_million between 0 and 1000000000000,
    format('price %s', coalesce(p_micro_usd_per_million::text, 'null')), 'Give micro-USD per million tokens: 2500000 for 2.50 USD.');
  perform tollhouse_private.check_value(
    p_effective_from is not null and (
      p_effective_from >= now()
      or not exists (select from tollhouse_private.model_prices as mp where mp.model = p_model and mp.kind = p_kind)
    ),
    format('effective from %s', coalesce(p_effective_from::text, 'null')), 'A price that has been in force is not changed afterwards.');
  begin
    insert into tollhouse_private.model_prices (model, kind, effective_from, micro_usd_per_million)
    values (p_model, p_kind, p_effective_from, p_micro_usd_per_million);
  exception
    when unique_violation then
      raise exception using errcode = 'TH303', message = 'bad value',
        detail = format('a price from %s exists already', p_effective_from), hint = 'Choose another time.';
  end;
  perform tollhouse_private.audit('set_price', jsonb_build_object('model', p_model, 'kind', p_kind), p_reason, null,
    jsonb_build_object('micro_usd_per_million', p_micro_usd_per_million, 'effective_from', p_effective_from));
end
$$;
comment on function tollhouse_ops.set_price(text, text, bigint, text, timestamptz) is
  'What a million tokens of a kind (input, cached_input, output, reasoning) cost from a time on, in micro-USD. Raises TH301, TH302, TH303.';

create function tollhouse_ops.set_task_type(
  p_endpoint text,
  p_reason text,
  p_models text[] default null,
  p_timeout_ms integer default null,
  p_max_attempts integer default null,
  p_backoff_ms integer default null,
  p_max_output_tokens integer default null,
  p_max_request_bytes integer default null,
  p_cache_ttl interval default null,
  p_cache_scope text default null,
  p_capture text default null,
  p_retries_abandoned boolean default null,
  p_materializer text default null
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_before tollhouse_private.task_types;
  v_after tollhouse_private.task_types;
  v_model text;
begin
  perform tollhouse_private.check_target('name', p_endpoint);
  foreach v_model in array coalesce(p_models, '{}') loop
    perform tollhouse_private.check_target('model', v_model);
  end loop;
  -- The shape first: to_regprocedure raises on what can't be a name.
  perform tollhouse_private.check_value(
    case
      when p_materializer is null or p_materializer = '' then true
      when p_materializer ~ '^("[^"]+"|[A-Za-z_][A-Za-z0-9_]*)\.("[^"]+"|[A-Za-z_][A-Za-z0-9_]*)$'
      then to_regprocedure(p_materializer || '(text,text,uuid,timestamptz,jsonb,jsonb)') is not null
    end,
    format('materializer %s', p_materializer),
    'Name a function (text, text, uuid, timestamptz, jsonb, jsonb) with its schema, or give an empty text for none.');

  select tt.* into v_before from tollhouse_private.task_types as tt where tt.endpoint = p_endpoint for update;
  if not found then
    insert into tollhouse_private.task_types (endpoint) values (p_endpoint);
  end if;
  begin
    update tollhouse_private.task_types as tt
    set
      models = coalesce(p_models, tt.models),
      timeout_ms = coalesce(p_timeout_ms, tt.timeout_ms),
      max_attempts = coalesce(p_max_attempts, tt.max_attempts),
      backoff_ms = coalesce(p_backoff_ms, tt.backoff_ms),
      max_output_tokens = coalesce(p_max_output_tokens, tt.max_output_tokens),
      max_request_bytes = coalesce(p_max_request_bytes, tt.max_request_bytes),
      cache_ttl = coalesce(p_cache_ttl, tt.cache_ttl),
      cache_scope = coalesce(p_cache_scope, tt.cache_scope),
      capture = coalesce(p_capture, tt.capture),
      retries_abandoned = coalesce(p_retries_abandoned, tt.retries_abandoned),
      -- The function's own, quoted name: what is stored is executed later.
      materializer = case
        when p_materializer is null then tt.materializer
        when p_materializer = '' then null
        else to_regprocedure(p_materializer || '(text,text,uuid,timestamptz,jsonb,jsonb)')::regproc::text
      end
    where tt.endpoint = p_endpoint
    returning tt.* into v_after;
  exception
    when check_violation then
      raise exception using errcode = 'TH303', message = 'bad value', detail = sqlerrm,
        hint = 'See the comments on tollhouse_private.task_types.';
  end;
  perform tollhouse_private.audit('set_task_type', jsonb_build_object('endpoint', p_endpoint), p_reason, to_jsonb(v_before), to_jsonb(v_after));
end
$$;
comment on function tollhouse_ops.set_task_type(text, text, text[], integer, integer, integer, integer, integer, interval, text, text, boolean, text) is
  'Makes an endpoint or changes it; what is null stays as it is. Raises TH301, TH302, TH303.';

create function tollhouse_ops.set_capture_policy(
  p_tenant_id text,
  p_policy text,
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
begin
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  perform tollhouse_private.check_value(p_policy in ('full', 'metadata', 'none'),
    format('policy %s', coalesce(quote_literal(p_policy), 'null')), 'A policy is full, metadata or none.');
  select to_jsonb(ts) into v_before from tollhouse_private.tenant_settings as ts where ts.tenant_id = p_tenant_id;
  insert into tollhouse_private.tenant_settings (tenant_id, capture_policy)
  values (p_tenant_id, p_policy)
  on conflict (tenant_id) do update set capture_policy = excluded.capture_policy;
  perform tollhouse_private.audit('set_capture_policy', jsonb_build_object('tenant_id', p_tenant_id), p_reason, v_before,
    jsonb_build_object('capture_policy', p_policy));
end
$$;
comment on function tollhouse_ops.set_capture_policy(text, text, text) is
  'What is kept of a tenant''s calls from now on: full, metadata or none. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.set_provider(text, text, integer, interval, interval, integer, numeric) from public;
revoke execute on function tollhouse_ops.set_model(text, text, text, text) from public;
revoke execute on function tollhouse_ops.set_price(text, text, bigint, text, timestamptz) from public;
revoke execute on function tollhouse_ops.set_task_type(text, text, text[], integer, integer, integer, integer, integer, interval, text, text, boolean, text) from public;
revoke execute on function tollhouse_ops.set_capture_policy(text, text, text) from public;
grant execute on function tollhouse_ops.set_provider(text, text, integer, interval, interval, integer, numeric) to tollhouse_operator;
grant execute on function tollhouse_ops.set_model(text, text, text, text) to tollhouse_operator;
grant execute on function tollhouse_ops.set_price(text, text, bigint, text, timestamptz) to tollhouse_operator;
grant execute on function tollhouse_ops.set_task_type(text, text, text[], integer, integer, integer, integer, integer, interval, text, text, boolean, text) to tollhouse_operator;
grant execute on function tollhouse_ops.set_capture_policy(text, text, text) to tollhouse_operator;

commit;
