-- Deploy tollhouse:routing/route_jobs to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.route_jobs(
  p_jobs tollhouse_private.work[],
  p_now timestamptz,
  p_admitted tollhouse_private.route[],
  out routes tollhouse_private.route[],
  out verdicts tollhouse_private.verdict[]
)
  returns record
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_breakers tollhouse_private.breakers[];
  v_provider_breakers tollhouse_private.provider_breakers[];
begin
  -- Of all workers, one sees a probe free: what is asked below is what is locked here. One that opens meanwhile is closed.
  select array_agg(l.b) into v_breakers
  from (
    select j.tenant_id, j.user_id from unnest(p_jobs) as j group by 1, 2 order by 1, 2
  ) as caller
  cross join lateral (
    select b from tollhouse_private.breakers as b
    where b.tenant_id = caller.tenant_id and b.user_id = caller.user_id and b.state <> 'closed'
    order by b.provider for update
  ) as l;
  select array_agg(l.pb) into v_provider_breakers from (
    select pb from tollhouse_private.provider_breakers as pb where pb.state <> 'closed' order by pb.provider for update
  ) as l;

  with kind as (
    select distinct j.endpoint, j.requested_model from unnest(p_jobs) as j
  ),
  offer as materialized (
    select
      k.endpoint, k.requested_model, cm.model, cm.provider, cm.provider_model, cm.preference, cm.candidates,
      tollhouse_private.killed(null, null, null, cm.provider, cm.model) as killed,
      p as price,
      tollhouse_private.overrun_of(cm.model, p_now) as overrun,
      tollhouse_private.breaker_gate(pb.state, pb.open_until, p_now) as provider_gate
    from kind as k
    cross join lateral tollhouse_private.candidate_models(k.endpoint, k.requested_model) as cm
    cross join lateral tollhouse_private.price_at(cm.model, p_now) as p
    left join unnest(v_provider_breakers) as pb on pb.provider = cm.provider
  ),
  candidate as materialized (
    select
      j.call_id, j.tenant_id, j.user_id, o.model, o.provider, o.provider_model, o.provider_gate, o.price,
      (o.preference - (j.attempts - j.unsent) % o.candidates + o.candidates) % o.candidates as preference,
      cost.highest,
      gate.user_gate,
      case
        when o.killed then 'provider_kill_switch'
        when cost.highest is null then 'price_unknown'
        when j.spent_micro_usd + cost.highest > j.max_cost_micro_usd then 'max_cost_exceeded'
        when 'stop' in (o.provider_gate, gate.user_gate) then 'breaker_open'
      end as obstacle
    from unnest(p_jobs) as j
    join offer as o on o.endpoint = j.endpoint and o.requested_model is not distinct from j.requested_model
    left join unnest(v_breakers) as b
      on b.tenant_id = j.tenant_id and b.user_id = j.user_id and b.provider = o.provider
    cross join lateral (select tollhouse_private.breaker_gate(b.state, b.open_until, p_now) as user_gate) as gate
    cross join lateral (
      select tollhouse_private.highest_cost((o.price).input, (o.price).cached_input, (o.price).output, (o.price).reasoning, j.request_bytes, j.max_output_tokens) as bound
      offset 0
    ) as plain
    cross join lateral (
      select case when o.overrun is null then plain.bound else tollhouse_private.with_overrun(plain.bound, o.overrun) end as highest
      offset 0
    ) as cost
  ),
  wish as (
    select distinct on (c.call_id) c.*
    from candidate as c
    where c.obstacle is null
    order by c.call_id, c.preference
  ),
  -- Of the calls that would probe the same breaker, the oldest may.
  granted as (
    select w.*
    from (
      select
        w.*,
        w.user_gate = 'pass' or row_number() over (partition by w.tenant_id, w.user_id, w.provider, w.user_gate order by w.call_id) = 1 as user_turn,
        w.provider_gate = 'pass' or row_number() over (partition by w.provider, w.provider_gate order by w.call_id) = 1 as provider_turn
      from wish as w
    ) as w
    where w.user_turn and w.provider_turn
      and not exists (
        select
        from unnest(p_admitted) as a
        where a.provider = w.provider
          and (
            (a.provider_probe and w.provider_gate = 'probe')
            or (a.user_probe and w.user_gate = 'probe' and (a.job).tenant_id = w.tenant_id and (a.job).user_id = w.user_id)
          )
      )
  ),
  chosen as (
    select g.call_id, g.model, g.provider, g.provider_model, g.price, g.highest, g.user_gate, g.provider_gate
    from granted as g
    union all
    (
      select distinct on (c.call_id) c.call_id, c.model, c.provider, c.provider_model, c.price, c.highest, c.user_gate, c.provider_gate
      from candidate as c
      where c.obstacle is null
        and c.user_gate = 'pass'
        and c.provider_gate = 'pass'
        and c.call_id not in (select g.call_id from granted as g)
      order by c.call_id, c.preference
    )
  )
  select
    coalesce(array_agg(row(
      j, ch.provider, ch.model, ch.provider_model, tt.timeout_ms, ch.price, ch.highest,
      ch.user_gate = 'probe', ch.provider_gate = 'probe'
    )::tollhouse_private.route) filter (where ch.call_id is not null), '{}'),
    coalesce(array_agg(row(
      j.call_id, 'blocked',
      coalesce(
        (select c.obstacle from candidate as c where c.call_id = j.call_id order by c.preference limit 1),
        case when exists (select from candidate as c where c.call_id = j.call_id) then 'breaker_open' else 'no_model' end
      ),
      null, null
    )::tollhouse_private.verdict) filter (where ch.call_id is null), '{}')
  into route_jobs.routes, route_jobs.verdicts
  from unnest(p_jobs) as j
  left join chosen as ch on ch.call_id = j.call_id
  left join tollhouse_private.task_types as tt on tt.endpoint = j.endpoint;
end
$$;
comment on function tollhouse_private.route_jobs(tollhouse_private.work[], timestamptz, tollhouse_private.route[]) is
  'Gives each call its first usable candidate model, beginning one further for each attempt made, or says what stands in the way of the first. p_admitted: calls of this claim that are admitted already; a breaker that one of them probes lets no further call pass.';

revoke execute on function tollhouse_private.route_jobs(tollhouse_private.work[], timestamptz, tollhouse_private.route[]) from public;

commit;
