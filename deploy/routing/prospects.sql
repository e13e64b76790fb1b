-- Deploy tollhouse:routing/prospects to pg

begin;
set local role tollhouse_owner;

-- As route_jobs sees them, for one call and without its locks.
create function tollhouse_private.prospects(
  p_job tollhouse_private.work,
  p_now timestamptz
)
  returns table (
    model text,
    provider text,
    preference bigint,
    obstacle text,
    open_until timestamptz,
    highest bigint
  )
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select
    cm.model, cm.provider,
    (cm.preference - (p_job.attempts - p_job.unsent) % cm.candidates + cm.candidates) % cm.candidates,
    case
      when tollhouse_private.killed(null, null, null, cm.provider, cm.model) then 'provider_kill_switch'
      when cost.highest is null then 'price_unknown'
      when p_job.spent_micro_usd + cost.highest > p_job.max_cost_micro_usd then 'max_cost_exceeded'
      when 'stop' in (gate.provider, gate.caller) then 'breaker_open'
    end,
    greatest(case gate.provider when 'stop' then pb.open_until end, case gate.caller when 'stop' then b.open_until end),
    cost.highest
  from tollhouse_private.candidate_models(p_job.endpoint, p_job.requested_model) as cm
  cross join lateral tollhouse_private.price_at(cm.model, p_now) as p
  left join tollhouse_private.provider_breakers as pb on pb.provider = cm.provider
  left join tollhouse_private.breakers as b
    on b.tenant_id = p_job.tenant_id and b.user_id = p_job.user_id and b.provider = cm.provider
  cross join lateral (
    select
      tollhouse_private.guard_breaker(pb.state, pb.open_until, p_now) as provider,
      tollhouse_private.guard_breaker(b.state, b.open_until, p_now) as caller
  ) as gate
  cross join lateral (
    select tollhouse_private.with_overrun(
      tollhouse_private.highest_cost(p.input, p.cached_input, p.output, p.reasoning, p_job.request_bytes, p_job.max_output_tokens),
      tollhouse_private.overrun_of(cm.model, p_now)
    ) as highest
  ) as cost
$$;
comment on function tollhouse_private.prospects(tollhouse_private.work, timestamptz) is
  'The models a call may use, 0 being tried first; what blocks each, and until when if it is a breaker.';

revoke execute on function tollhouse_private.prospects(tollhouse_private.work, timestamptz) from public;
grant execute on function tollhouse_private.prospects(tollhouse_private.work, timestamptz) to tollhouse_engine;

commit;
