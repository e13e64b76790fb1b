-- Deploy tollhouse:ops/stop_everything to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.stop_everything(
  p_reason text
)
  returns void
  language sql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  select tollhouse_ops.pull_kill_switch('global', '*', p_reason collate "C")
$$;
comment on function tollhouse_ops.stop_everything(text) is
  'No call is admitted from now on and those in flight are aborted. Undone by resume_everything. Raises TH301.';

revoke execute on function tollhouse_ops.stop_everything(text) from public;
grant execute on function tollhouse_ops.stop_everything(text) to tollhouse_operator;

commit;
