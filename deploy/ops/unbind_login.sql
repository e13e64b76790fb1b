-- Deploy tollhouse:ops/unbind_login to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.unbind_login(
  p_login name,
  p_reason text
)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_login constant name collate "C" := unbind_login.p_login;
  p_reason constant text collate "C" := unbind_login.p_reason;
  v_before jsonb := tollhouse_private.drop_bindings(p_login);
begin
  if v_before is null then
    return false;
  end if;
  perform tollhouse_private.audit('unbind_login', jsonb_build_object('login', p_login), p_reason, v_before, null);
  return true;
end
$$;
comment on function tollhouse_ops.unbind_login(name, text) is
  'Lets the login say for whom it acts: for trusted application servers only. False if it was not bound. Raises TH301.';

revoke execute on function tollhouse_ops.unbind_login(name, text) from public;
grant execute on function tollhouse_ops.unbind_login(name, text) to tollhouse_operator;

commit;
