-- Deploy tollhouse:ops/drop_rate_limit to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.drop_rate_limit(
  p_scope text,
  p_target text,
  p_reason text
)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_scope constant text collate "C" := drop_rate_limit.p_scope;
  p_target constant text collate "C" := drop_rate_limit.p_target;
  p_reason constant text collate "C" := drop_rate_limit.p_reason;
  v_before jsonb;
begin
  delete from tollhouse_private.rate_limits as rl where rl.scope = p_scope and rl.target = p_target returning to_jsonb(rl) into v_before;
  if not found then
    return false;
  end if;
  perform tollhouse_private.audit('drop_rate_limit', jsonb_build_object('scope', p_scope, 'target', p_target), p_reason, v_before, null);
  return true;
end
$$;
comment on function tollhouse_ops.drop_rate_limit(text, text, text) is 'Removes a limit; false if there was none. Raises TH301.';

revoke execute on function tollhouse_ops.drop_rate_limit(text, text, text) from public;
grant execute on function tollhouse_ops.drop_rate_limit(text, text, text) to tollhouse_operator;

commit;
