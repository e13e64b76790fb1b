-- Deploy tollhouse:kill_switch/switch_in_words to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.switch_in_words(
  p_job tollhouse_private.jobs
)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from tollhouse_private.guard_kill_switch(array[tollhouse_private.work_of(p_job, null)])) then
    return null;
  end if;
  return (
    select format('a kill switch on %s (%s)', case ks.scope when 'global' then 'everything' else ks.scope || ' ' || ks.target end, ks.reason)
    from tollhouse_private.kill_switches as ks
    cross join lateral (
      select tollhouse_private.switch_stops(ks, p_job.tenant_id, p_job.user_id, p_job.endpoint, null, null) as yes
    ) as always
    where always.yes
      or exists (
        select
        from tollhouse_private.candidate_models(p_job.endpoint, p_job.requested_model) as cm
        where tollhouse_private.switch_stops(ks, null, null, null, cm.provider, cm.model)
      )
    order by always.yes desc, ks.set_at
    limit 1
  );
end
$$;
comment on function tollhouse_private.switch_in_words(tollhouse_private.jobs) is
  'The kill switch that stops a call, with its reason; null if none does.';

revoke execute on function tollhouse_private.switch_in_words(tollhouse_private.jobs) from public;
grant execute on function tollhouse_private.switch_in_words(tollhouse_private.jobs) to tollhouse_engine;

commit;
