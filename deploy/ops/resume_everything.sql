-- Deploy tollhouse:ops/resume_everything to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.resume_everything(
  p_reason text
)
  returns boolean
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  select tollhouse_ops.lift_kill_switch('global', '*', p_reason collate "C")
$$;
comment on function tollhouse_ops.resume_everything(text) is
  'Lifts the global switch; narrower ones stay. False if it was not pulled. Raises TH301.';

revoke execute on function tollhouse_ops.resume_everything(text) from public;
grant execute on function tollhouse_ops.resume_everything(text) to tollhouse_operator;

commit;
