-- Deploy tollhouse:kill_switch/guard to pg
-- requires: kill_switch/killed
-- requires: routing/candidate_models
-- requires: admission/verdict

begin;
set local role tollhouse_owner;

create function tollhouse_private.guard_kill_switch(
  p_jobs tollhouse_private.jobs[]
)
  returns setof tollhouse_private.verdict
  language plpgsql
  stable
  set search_path = ''
as $$
begin
  if not exists (select from tollhouse_private.kill_switches) then
    return;
  end if;

  return query
  select j.call_id, 'blocked', 'provider_kill_switch', null::timestamptz
  from unnest(p_jobs) as j
  where tollhouse_private.killed(j.tenant_id, j.user_id, j.endpoint, null, null)
    or (
      exists (select from tollhouse_private.candidate_models(j.endpoint, j.requested_model))
      and not exists (
        select
        from tollhouse_private.candidate_models(j.endpoint, j.requested_model) as cm
        where not tollhouse_private.killed(null, null, null, cm.provider, cm.model)
      )
    );
end
$$;
comment on function tollhouse_private.guard_kill_switch(tollhouse_private.jobs[]) is
  'Blocks what a switch matches, and what has no candidate model left that none matches.';

revoke execute on function tollhouse_private.guard_kill_switch(tollhouse_private.jobs[]) from public;
grant execute on function tollhouse_private.guard_kill_switch(tollhouse_private.jobs[]) to tollhouse_engine;

commit;
