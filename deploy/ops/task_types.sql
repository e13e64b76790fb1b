-- Deploy tollhouse:ops/task_types to pg

begin;
set local role tollhouse_engine;

-- The function runs later with the privileges of whoever closes the call, so nobody else may be able to replace it.
create function tollhouse_private.check_materializer(
  p_name text
)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_function regprocedure;
begin
  -- Check the syntax first: to_regprocedure raises on malformed names.
  if p_name ~ '^("[^"]+"|[A-Za-z_][A-Za-z0-9_]*)\.("[^"]+"|[A-Za-z_][A-Za-z0-9_]*)$' then
    v_function := to_regprocedure(p_name || '(text,text,uuid,timestamptz,jsonb,jsonb)');
  end if;
  perform tollhouse_private.check_value(v_function is not null, format('materializer %s', coalesce(p_name, 'null')),
    'Name a function (text, text, uuid, timestamptz, jsonb, jsonb) with its schema, or give an empty text for none.');
  perform tollhouse_private.check_value(
    exists (
      select
      from pg_catalog.pg_proc as p
      join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
      join pg_catalog.pg_roles as writes on writes.oid = p.proowner
      join pg_catalog.pg_roles as drops on drops.oid = n.nspowner
      where p.oid = v_function
        and n.nspname !~ '^pg_temp'
        and (writes.rolsuper or writes.rolname in ('tollhouse_owner', 'tollhouse_engine'))
        and (drops.rolsuper or drops.rolname in ('tollhouse_owner', 'tollhouse_engine', 'pg_database_owner'))
    ),
    format('materializer %s', p_name), 'The function and its schema must belong to tollhouse_owner or a superuser and must not be temporary.');
  return v_function::regproc::text;
end
$$;
comment on function tollhouse_private.check_materializer(text) is
  'The quoted name of a valid materializer. Raises TH303 if it is not one, or if someone else could replace it.';

revoke execute on function tollhouse_private.check_materializer(text) from public;

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
  p_endpoint constant text collate "C" := set_task_type.p_endpoint;
  p_reason constant text collate "C" := set_task_type.p_reason;
  p_models constant text[] collate "C" := set_task_type.p_models;
  p_cache_scope constant text collate "C" := set_task_type.p_cache_scope;
  p_capture constant text collate "C" := set_task_type.p_capture;
  p_materializer constant text collate "C" := set_task_type.p_materializer;
  v_before tollhouse_private.task_types;
  v_after tollhouse_private.task_types;
  v_model text collate "C";
  v_materializer text collate "C";
begin
  perform tollhouse_private.check_target('name', p_endpoint);
  foreach v_model in array coalesce(p_models, '{}') loop
    perform tollhouse_private.check_target('model', v_model);
  end loop;
  if p_materializer <> '' then
    v_materializer := tollhouse_private.check_materializer(p_materializer);
  end if;

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
      materializer = case when p_materializer is null then tt.materializer else v_materializer end
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
  'Creates or changes an endpoint; null leaves a setting unchanged. Raises TH301, TH302, TH303.';

revoke execute on function tollhouse_ops.set_task_type(text, text, text[], integer, integer, integer, integer, integer, interval, text, text, boolean, text) from public;
grant execute on function tollhouse_ops.set_task_type(text, text, text[], integer, integer, integer, integer, integer, interval, text, text, boolean, text) to tollhouse_operator;

commit;
