-- What Tollhouse is measured against: a gate of plain PL/pgSQL, nearly unguarded.
--
-- It keeps what ours keeps of a call: the idempotency key, the job, the ledger row, the content, the cache entry, and of
-- its payer the month's budget and the hour's spend. One statement claims, one records, and the claim asks the kill
-- switch, the hourly shutoff, the cache, the breaker and the monthly cap.
--
-- It lacks what makes a gate safe: roles and row-level security, checks of what comes in, coalescing, rate limits,
-- fallback and retries, a row for each attempt, leases and fencing by attempt, prices, probes, capture policies,
-- notifications, partitions, an order of locks. Two claims at once can overspend a cap here, and a missing budget row
-- admits everything. It says what the shape costs, and is no model for anything else.

drop schema if exists baseline cascade;
create schema baseline;
set search_path = baseline;

create table request_keys (
  tenant_id uuid,
  endpoint text,
  request_id text,
  call_id bigint not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, endpoint, request_id)
);
create sequence call_ids cache 100;

create table jobs (
  call_id bigint primary key,
  tenant_id uuid not null,
  user_id uuid not null,
  endpoint text not null,
  request_id text not null,
  run_at timestamptz not null default now(),
  priority smallint not null default 0,
  attempt smallint not null default 0,
  worker_id integer,
  reserved bigint not null,
  cache_key bytea,
  request jsonb not null,
  created_at timestamptz not null default now()
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index on jobs (tenant_id, priority, run_at, call_id) where worker_id is null;
create index on jobs (worker_id) where worker_id is not null;

create table calls (
  call_id bigint primary key,
  tenant_id uuid not null,
  user_id uuid not null,
  endpoint text not null,
  request_id text not null,
  provider text,
  model text,
  status text not null,
  blocked_reason text,
  provider_attempted boolean not null,
  was_cached boolean not null,
  input_tokens integer,
  output_tokens integer,
  cost bigint not null default 0,
  latency_ms integer,
  cache_key bytea,
  created_at timestamptz not null,
  finished_at timestamptz not null default now()
);
create index on calls (tenant_id, user_id, finished_at);

create table contents (
  call_id bigint primary key,
  tenant_id uuid not null,
  user_id uuid not null,
  request jsonb,
  response jsonb,
  reasoning jsonb
);

create table answers (
  tenant_id uuid,
  cache_key bytea,
  watermark bigint,
  response jsonb,
  expires_at timestamptz,
  hits bigint not null default 0,
  primary key (tenant_id, cache_key)
);

create table kill_switches (
  scope text,
  target text,
  reason text,
  primary key (scope, target)
);

create table hours (
  tenant_id uuid,
  user_id uuid,
  hour timestamptz,
  spent bigint not null default 0,
  calls bigint not null default 0,
  shut_off_until timestamptz,
  primary key (tenant_id, user_id, hour)
) with (fillfactor = 50);

create table budgets (
  tenant_id uuid,
  user_id uuid,
  month date,
  cap bigint not null,
  spent bigint not null default 0,
  reserved bigint not null default 0,
  calls bigint not null default 0,
  primary key (tenant_id, user_id, month)
) with (fillfactor = 50);

create table breakers (
  tenant_id uuid,
  user_id uuid,
  name text,
  state text not null default 'closed',
  failures integer not null default 0,
  opened_at timestamptz,
  primary key (tenant_id, user_id, name)
) with (fillfactor = 50);

create function enqueue(
  p_tenant_id uuid,
  p_user_id uuid,
  p_endpoint text,
  p_request_id text,
  p_request jsonb,
  p_use_cache boolean default true
)
  returns bigint
  language plpgsql
  set search_path = baseline
as $$
declare
  v_call_id bigint;
begin
  insert into request_keys (tenant_id, endpoint, request_id, call_id)
  values (p_tenant_id, p_endpoint, p_request_id, nextval('call_ids'))
  on conflict do nothing
  returning call_id into v_call_id;
  if not found then
    select k.call_id into strict v_call_id
    from request_keys as k
    where k.tenant_id = p_tenant_id and k.endpoint = p_endpoint and k.request_id = p_request_id;
    return v_call_id;
  end if;
  insert into jobs (call_id, tenant_id, user_id, endpoint, request_id, reserved, request, cache_key)
  values (
    v_call_id, p_tenant_id, p_user_id, p_endpoint, p_request_id, 1000, p_request,
    case when p_use_cache then sha256(convert_to(p_endpoint || '|' || p_request::text, 'UTF8')) end);
  return v_call_id;
end
$$;

-- A tenth of the batch of each tenant in line; what a guard refuses, or the cache answers, ends here.
create function claim(
  p_worker_id integer,
  p_limit integer
)
  returns setof jobs
  language plpgsql
  set search_path = baseline
as $$
declare
  c_no_cap constant bigint := 100000000000;
  v_month date := date_trunc('month', now());
  v_hour timestamptz := date_trunc('hour', now());
begin
  return query
  with recursive line as (
    (select j.tenant_id from jobs as j where j.worker_id is null order by j.tenant_id limit 1)
    union all
    select (
      select j.tenant_id from jobs as j
      where j.worker_id is null and j.tenant_id > l.tenant_id
      order by j.tenant_id limit 1
    )
    from line as l
    where l.tenant_id is not null
  ), picked as materialized (
    select p.*
    from (select l.tenant_id from line as l where l.tenant_id is not null limit 50) as t
    cross join lateral (
      select j.* from jobs as j
      where j.worker_id is null and j.tenant_id = t.tenant_id and j.run_at <= now()
      order by j.priority, j.run_at, j.call_id
      limit greatest(1, p_limit / 10)
      for update skip locked
    ) as p
    limit p_limit
  ), decided as (
    select p.*, a.response, case
      when exists (
        select from kill_switches as k
        where k.scope = 'global' or (k.scope = 'tenant' and k.target = p.tenant_id::text)
      ) then 'kill_switch'
      when h.shut_off_until > now() then 'hourly_shutoff'
      when a.response is not null then 'cached'
      when b.state = 'open' and b.opened_at > now() - interval '30 s' then 'breaker'
      when coalesce(g.spent + g.reserved, 0) + sum(p.reserved) over (partition by p.tenant_id, p.user_id order by p.call_id)
        > coalesce(g.cap, c_no_cap) then 'monthly_cap'
    end as verdict
    from picked as p
    left join hours as h on h.tenant_id = p.tenant_id and h.user_id = p.user_id and h.hour = v_hour
    left join answers as a on a.tenant_id = p.tenant_id and a.cache_key = p.cache_key and a.expires_at > now()
    left join breakers as b on b.tenant_id = p.tenant_id and b.user_id = p.user_id and b.name = 'provider'
    left join budgets as g on g.tenant_id = p.tenant_id and g.user_id = p.user_id and g.month = v_month
  ), reserved as (
    insert into budgets as g (tenant_id, user_id, month, cap, reserved)
    select d.tenant_id, d.user_id, v_month, c_no_cap, sum(d.reserved)
    from decided as d
    where d.verdict is null
    group by d.tenant_id, d.user_id
    order by d.tenant_id, d.user_id
    on conflict (tenant_id, user_id, month) do update set reserved = g.reserved + excluded.reserved
  ), ended as (
    delete from jobs as j using decided as d
    where d.verdict is not null and j.call_id = d.call_id
    returning j.*, d.verdict
  ), written as (
    insert into calls (
      call_id, tenant_id, user_id, endpoint, request_id, status, blocked_reason, provider_attempted, was_cached,
      created_at, cache_key)
    select e.call_id, e.tenant_id, e.user_id, e.endpoint, e.request_id,
      case when e.verdict = 'cached' then 'success' else 'blocked' end, nullif(e.verdict, 'cached'), false,
      e.verdict = 'cached', e.created_at, e.cache_key
    from ended as e
  )
  update jobs as j set worker_id = p_worker_id, attempt = j.attempt + 1
  from decided as d
  where d.verdict is null and j.call_id = d.call_id
  returning j.*;
end
$$;

create function record(
  p_worker_id integer,
  p_results jsonb
)
  returns integer
  language plpgsql
  set search_path = baseline
as $$
declare
  v_month date := date_trunc('month', now());
  v_hour timestamptz := date_trunc('hour', now());
  v_booked integer;
begin
  with results as materialized (
    select r.*
    from jsonb_to_recordset(p_results) as r (
      call_id bigint, status text, provider text, model text, input_tokens integer, output_tokens integer, cost bigint,
      latency_ms integer, response jsonb, reasoning jsonb)
  ), ended as (
    delete from jobs as j using results as r
    where j.call_id = r.call_id and j.worker_id = p_worker_id
    returning j.*, r.status, r.provider, r.model, r.input_tokens, r.output_tokens, r.cost, r.latency_ms, r.response, r.reasoning
  ), written as (
    insert into calls (
      call_id, tenant_id, user_id, endpoint, request_id, provider, model, status, provider_attempted, was_cached,
      input_tokens, output_tokens, cost, latency_ms, created_at, cache_key)
    select e.call_id, e.tenant_id, e.user_id, e.endpoint, e.request_id, e.provider, e.model, e.status, true, false,
      e.input_tokens, e.output_tokens, e.cost, e.latency_ms, e.created_at, e.cache_key
    from ended as e
  ), kept as (
    insert into contents (call_id, tenant_id, user_id, request, response, reasoning)
    select e.call_id, e.tenant_id, e.user_id, e.request, e.response, e.reasoning from ended as e
  ), cached as (
    insert into answers as a (tenant_id, cache_key, watermark, response, expires_at)
    select distinct on (e.tenant_id, e.cache_key) e.tenant_id, e.cache_key, 0, e.response, now() + interval '1 hour'
    from ended as e
    where e.status = 'success' and e.cache_key is not null
    on conflict (tenant_id, cache_key) do update set response = excluded.response, expires_at = excluded.expires_at
  ), settled as (
    update budgets as g
    set reserved = g.reserved - p.reserved, spent = g.spent + p.cost, calls = g.calls + p.calls
    from (
      select e.tenant_id, e.user_id, sum(e.reserved) as reserved, sum(e.cost) as cost, count(*) as calls
      from ended as e group by e.tenant_id, e.user_id
    ) as p
    where g.tenant_id = p.tenant_id and g.user_id = p.user_id and g.month = v_month
  ), booked as (
    insert into hours as h (tenant_id, user_id, hour, spent, calls)
    select e.tenant_id, e.user_id, v_hour, sum(e.cost), count(*) from ended as e group by e.tenant_id, e.user_id
    on conflict (tenant_id, user_id, hour) do update set spent = h.spent + excluded.spent, calls = h.calls + excluded.calls
  )
  select count(*) into v_booked from ended;
  return v_booked;
end
$$;
