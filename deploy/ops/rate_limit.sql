-- Deploy tollhouse:ops/rate_limit to pg

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
  p_scope constant text collate "C" := set_rate_limit.p_scope;
  p_target constant text collate "C" := set_rate_limit.p_target;
  p_reason constant text collate "C" := set_rate_limit.p_reason;
  v_before jsonb;
  v_after jsonb;
begin
  perform tollhouse_private.check_value(p_scope in ('tenant', 'provider', 'model'),
    format('scope %s', coalesce(quote_literal(p_scope), 'null')), 'A scope is tenant, provider or model.');
  perform tollhouse_private.check_target(p_scope, p_target);
  perform tollhouse_private.check_value(
    least(p_requests_per_minute, p_tokens_per_minute, p_max_in_flight) > 0,
    format('requests %s, tokens %s, in flight %s',
      coalesce(p_requests_per_minute::text, 'null'), coalesce(p_tokens_per_minute::text, 'null'), coalesce(p_max_in_flight::text, 'null')),
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
    -- A changed limit keeps what its bucket holds instead of starting with a full one.
    requests_available = least(rl.requests_available, excluded.requests_available),
    tokens_available = least(rl.tokens_available, excluded.tokens_available)
  returning to_jsonb(rl) into v_after;
  perform tollhouse_private.audit('set_rate_limit', jsonb_build_object('scope', p_scope, 'target', p_target), p_reason, v_before, v_after);
end
$$;
comment on function tollhouse_ops.set_rate_limit(text, text, integer, integer, integer, text) is
  'Limits requests per minute, tokens per minute and calls in flight of a tenant, provider or model; null: no limit. Raises TH301, TH302, TH303.';

revoke execute on function tollhouse_ops.set_rate_limit(text, text, integer, integer, integer, text) from public;
grant execute on function tollhouse_ops.set_rate_limit(text, text, integer, integer, integer, text) to tollhouse_operator;

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
  p_scope constant text collate "C" := drop_rate_limit.p_scope;
  p_target constant text collate "C" := drop_rate_limit.p_target;
  p_reason constant text collate "C" := drop_rate_limit.p_reason;
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

revoke execute on function tollhouse_ops.drop_rate_limit(text, text, text) from public;
grant execute on function tollhouse_ops.drop_rate_limit(text, text, text) to tollhouse_operator;

commit;
