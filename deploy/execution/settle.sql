-- Deploy tollhouse:execution/settle to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.without_answers(
  p_settlements tollhouse_private.settlement[]
)
  returns tollhouse_private.settlement[]
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_settlement tollhouse_private.settlement;
  v_light tollhouse_private.settlement[] := array[]::tollhouse_private.settlement[];
begin
  foreach v_settlement in array p_settlements loop
    v_settlement.result.response := null;
    v_settlement.result.reasoning := null;
    v_settlement.result.metadata := null;
    v_light := v_light || v_settlement;
  end loop;
  return v_light;
end
$$;
comment on function tollhouse_private.without_answers(tollhouse_private.settlement[]) is
  'Settlements without what was answered.';

-- Locks: jobs (held by the caller), response_cache, breakers, provider_windows, provider_breakers, rate_limits,
-- monthly_budgets, hourly_spend, model_overruns; each in the order of its key.
-- The claim takes them in the same order. A new step belongs at its place in this line.
create function tollhouse_private.settle(
  p_jobs tollhouse_private.work[],
  p_results tollhouse_private.attempt_result[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_settlements tollhouse_private.settlement[];
  v_ended tollhouse_private.settlement[];
  v_light tollhouse_private.settlement[];
  v_light_ended tollhouse_private.settlement[];
  v_dues tollhouse_private.due[];
begin
  v_settlements := tollhouse_private.assess(p_jobs, p_results, p_now);
  if cardinality(v_settlements) is distinct from cardinality(p_jobs) then
    raise exception using
      errcode = 'TH202',
      message = 'a result could not be assessed',
      detail = format('%s of %s', cardinality(v_settlements), cardinality(p_jobs)),
      hint = 'Each result needs an outcome listed in attempt_outcomes.';
  end if;

  -- An answer may be megabytes, which each function would copy: most get the settlements without.
  v_light := case when pg_column_size(p_results) > 500000 then tollhouse_private.without_answers(v_settlements) else v_settlements end;
  perform tollhouse_private.append_attempts(v_light, p_now);
  perform tollhouse_private.store_answers(v_settlements, p_now);
  v_ended := array(select s from unnest(v_settlements) as s where s.status is not null);
  v_light_ended := array(select s from unnest(v_light) as s where s.status is not null);
  perform tollhouse_private.close_calls(v_ended, p_now);
  perform tollhouse_private.announce(v_light_ended);
  perform tollhouse_private.requeue(v_light, p_now);
  perform tollhouse_private.observe_users(v_light, p_now);
  perform tollhouse_private.observe_providers(v_light, p_now);
  v_dues := tollhouse_private.dues(v_light, p_now);
  perform tollhouse_private.settle_budget(v_dues, p_now);
  perform tollhouse_private.book_hour(v_dues, p_now);
  perform tollhouse_private.learn_overrun(o.model, o.call_id, o.factor, p_now)
  from (
    select (s.job).model, (s.job).call_id, s.cost_micro_usd::numeric / bound.highest as factor
    from unnest(v_light) as s
    cross join lateral (
      select nullif(tollhouse_private.highest_cost(
        ((s.job).price).input, ((s.job).price).cached_input, ((s.job).price).output, ((s.job).price).reasoning,
        (s.job).request_bytes, (s.job).max_output_tokens
      ), 0) as highest
    ) as bound
    where s.cost_basis = 'usage' and s.cost_micro_usd > (s.job).reserved_micro_usd
    order by (s.job).model, factor desc nulls last
  ) as o;
end
$$;
comment on function tollhouse_private.settle(tollhouse_private.work[], tollhouse_private.attempt_result[], timestamptz) is
  'Books ended attempts of jobs that the caller has locked: everything that follows from them, in one transaction.';

revoke execute on function tollhouse_private.without_answers(tollhouse_private.settlement[]) from public;
revoke execute on function tollhouse_private.settle(tollhouse_private.work[], tollhouse_private.attempt_result[], timestamptz) from public;

commit;
