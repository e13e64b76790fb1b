-- Deploy tollhouse:queue/verdict to pg

begin;
set local role tollhouse_owner;

create type tollhouse_private.verdict as (
  call_id uuid,
  verdict text collate "C",
  reason text collate "C",
  retry_at timestamptz,
  need_micro_usd bigint
);
comment on type tollhouse_private.verdict is
  'A guard''s verdict on a call that it does not let pass: blocked (with a reason), cancelled, cached, coalesced, or deferred (its reason is the line it stands in: until retry_at, or until a budget has room). need_micro_usd: the most that the call could cost, if its budget or its own limit refuses that.';

create type tollhouse_private.route as (
  job tollhouse_private.work,
  provider text collate "C",
  model text collate "C",
  provider_model text collate "C",
  timeout_ms integer,
  price tollhouse_private.price,
  reservation bigint,
  user_probe boolean,
  provider_probe boolean
);
comment on type tollhouse_private.route is
  'Where a call would go, at what price, what it could cost there at most (micro-USD), and which breakers it would probe.';

create function tollhouse_private.undecided(
  p_jobs tollhouse_private.work[],
  p_verdicts tollhouse_private.verdict[]
)
  returns tollhouse_private.work[]
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if cardinality(p_verdicts) = 0 then
    return p_jobs;
  end if;
  return array(
    select j from unnest(p_jobs) as j where j.call_id not in (select v.call_id from unnest(p_verdicts) as v)
  );
end
$$;
comment on function tollhouse_private.undecided(tollhouse_private.work[], tollhouse_private.verdict[]) is
  'The jobs without a verdict so far.';

create function tollhouse_private.undecided(
  p_routes tollhouse_private.route[],
  p_verdicts tollhouse_private.verdict[]
)
  returns tollhouse_private.route[]
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if cardinality(p_verdicts) = 0 then
    return p_routes;
  end if;
  return array(
    select r from unnest(p_routes) as r where (r.job).call_id not in (select v.call_id from unnest(p_verdicts) as v)
  );
end
$$;
comment on function tollhouse_private.undecided(tollhouse_private.route[], tollhouse_private.verdict[]) is
  'The routes of calls without a verdict so far.';

revoke execute on function tollhouse_private.undecided(tollhouse_private.work[], tollhouse_private.verdict[]) from public;
revoke execute on function tollhouse_private.undecided(tollhouse_private.route[], tollhouse_private.verdict[]) from public;
grant execute on function tollhouse_private.undecided(tollhouse_private.work[], tollhouse_private.verdict[]) to tollhouse_engine;
grant execute on function tollhouse_private.undecided(tollhouse_private.route[], tollhouse_private.verdict[]) to tollhouse_engine;

commit;
