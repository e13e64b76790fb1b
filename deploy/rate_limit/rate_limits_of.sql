-- Deploy tollhouse:rate_limit/rate_limits_of to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.rate_limits_of(
  p_routes tollhouse_private.route[],
  p_now timestamptz
)
  returns table (
    tenant_id text,
    user_id text,
    call_id uuid,
    scope text,
    target text,
    line text,
    last_tenant_id text,
    tokens integer,
    requests_per_minute integer,
    tokens_per_minute integer,
    max_in_flight integer,
    requests_now numeric,
    tokens_now numeric
  )
  language sql
  stable
as $$
  select
    (r.job).tenant_id, (r.job).user_id, (r.job).call_id, rl.scope, rl.target, rl.line, rl.last_tenant_id,
    (r.job).request_bytes / 4 + (r.job).max_output_tokens,
    rl.requests_per_minute, rl.tokens_per_minute, rl.max_in_flight,
    least(rl.requests_per_minute, rl.requests_available + rl.requests_per_minute * elapsed.minutes),
    least(rl.tokens_per_minute, rl.tokens_available + rl.tokens_per_minute * elapsed.minutes)
  from pg_catalog.unnest(p_routes) as r
  cross join lateral (values ('tenant', (r.job).tenant_id), ('provider', r.provider), ('model', r.model)) as u (scope, target)
  -- A probe of the key for each: missing statistics can't turn it round.
  cross join lateral (
    select k.* from tollhouse_private.rate_limits as k where k.scope = u.scope collate "C" and k.target = u.target offset 0
  ) as rl
  cross join lateral (
    select extract(epoch from greatest(p_now - rl.refilled_at, '0')) / 60 as minutes
  ) as elapsed
$$;
comment on function tollhouse_private.rate_limits_of(tollhouse_private.route[], timestamptz) is
  'The limits that each call falls under, with what their buckets hold now.';

revoke execute on function tollhouse_private.rate_limits_of(tollhouse_private.route[], timestamptz) from public;

commit;
