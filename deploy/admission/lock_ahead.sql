-- Deploy tollhouse:admission/lock_ahead to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.lock_ahead(
  p_jobs tollhouse_private.work[],
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform
  from (
    select 'tenant' collate "C" as scope, j.tenant_id as target from unnest(p_jobs) as j
    union
    select u.scope, u.target
    from (select distinct j.endpoint, j.requested_model from unnest(p_jobs) as j) as kind
    cross join lateral tollhouse_private.candidate_models(kind.endpoint, kind.requested_model) as cm
    cross join lateral (values ('provider', cm.provider), ('model', cm.model)) as u (scope, target)
    order by scope, target
    offset 0
  ) as met
  cross join lateral (
    select
    from tollhouse_private.rate_limits as rl
    where rl.scope = met.scope and rl.target = met.target
    for update
  ) as locked;
  perform
  from (
    select j.tenant_id, u.user_id
    from unnest(p_jobs) as j
    cross join lateral (values (''), (j.user_id)) as u (user_id)
    group by 1, 2
    order by 1, 2
  ) as payer
  cross join lateral (
    select
    from tollhouse_private.monthly_budgets as mb
    where mb.tenant_id = payer.tenant_id and mb.user_id = payer.user_id
      and mb.month = tollhouse_private.budget_month(p_now)
    for update
  ) as locked;
end
$$;
comment on function tollhouse_private.lock_ahead(tollhouse_private.work[], timestamptz) is
  'Locks what a claim that goes round again may come to need, in the order of all locks: once it holds a budget it may wait for no rate limit.';

revoke execute on function tollhouse_private.lock_ahead(tollhouse_private.work[], timestamptz) from public;

commit;
