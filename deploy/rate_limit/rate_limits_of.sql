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
  with asked as materialized (
    select
      (r.job).tenant_id, (r.job).user_id, (r.job).call_id, (r.job).request_bytes / 4 + (r.job).max_output_tokens as tokens,
      r.provider, r.model
    from pg_catalog.unnest(p_routes) as r
  ),
  -- Once for all calls: every claim writes these rows, and an old snapshot keeps what they were.
  known as materialized (
    select rl.*, extract(epoch from greatest(p_now - rl.refilled_at, '0')) / 60 as minutes
    from (
      select distinct k.scope, k.target
      from asked as a
      cross join lateral (values ('tenant', a.tenant_id), ('provider', a.provider), ('model', a.model)) as k (scope, target)
    ) as key
    -- One probe of the key each, even without statistics.
    cross join lateral (
      select k.* from tollhouse_private.rate_limits as k where k.scope = key.scope collate "C" and k.target = key.target offset 0
    ) as rl
  )
  select
    a.tenant_id, a.user_id, a.call_id, rl.scope, rl.target, rl.line, rl.last_tenant_id, a.tokens,
    rl.requests_per_minute, rl.tokens_per_minute, rl.max_in_flight,
    least(rl.requests_per_minute, rl.requests_available + rl.requests_per_minute * rl.minutes),
    least(rl.tokens_per_minute, rl.tokens_available + rl.tokens_per_minute * rl.minutes)
  from asked as a
  cross join lateral (values ('tenant', a.tenant_id), ('provider', a.provider), ('model', a.model)) as k (scope, target)
  join known as rl on rl.scope = k.scope and rl.target = k.target
$$;
comment on function tollhouse_private.rate_limits_of(tollhouse_private.route[], timestamptz) is
  'The limits that each call falls under, with what their buckets hold now.';

revoke execute on function tollhouse_private.rate_limits_of(tollhouse_private.route[], timestamptz) from public;

commit;
