-- Deploy tollhouse:ops/login_bindings to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.drop_bindings(
  p_login name
)
  returns jsonb
  language sql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
  -- Not the binding of another role that used to have this name.
  with dropped as (
    delete from tollhouse_private.login_bindings as lb
    where lb.login_oid = to_regrole(quote_ident(p_login))
      or (lb.login = p_login and not exists (select from pg_catalog.pg_roles as r where r.oid = lb.login_oid))
    returning lb.login_oid, to_jsonb(lb) - 'login_oid' as binding
  )
  select d.binding from dropped as d order by d.login_oid desc limit 1
$$;
comment on function tollhouse_private.drop_bindings(name) is
  'Drops a login''s binding, under its current or an earlier name, and returns it; null if there was none.';

revoke execute on function tollhouse_private.drop_bindings(name) from public;

create function tollhouse_ops.bind_login(
  p_login name,
  p_tenant_id text,
  p_reason text,
  p_user_id text default '',
  p_reads_all_users boolean default false
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_login constant name collate "C" := bind_login.p_login;
  p_tenant_id constant text collate "C" := bind_login.p_tenant_id;
  p_reason constant text collate "C" := bind_login.p_reason;
  p_user_id constant text collate "C" := bind_login.p_user_id;
  v_before jsonb;
  v_after jsonb;
begin
  perform tollhouse_private.check_value(
    exists (select from pg_catalog.pg_roles as r where r.rolname = p_login and r.rolcanlogin),
    format('login %s', coalesce(quote_literal(p_login), 'null')), 'Create the login role first.');
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  if p_user_id is distinct from '' then
    perform tollhouse_private.check_target('user', p_user_id);
  end if;
  v_before := tollhouse_private.drop_bindings(p_login);
  insert into tollhouse_private.login_bindings as lb (login, login_oid, tenant_id, user_id, reads_all_users)
  select r.rolname, r.oid, p_tenant_id, nullif(p_user_id, ''), coalesce(p_reads_all_users, false)
  from pg_catalog.pg_roles as r
  where r.rolname = p_login
  on conflict (login, login_oid) do update
  set tenant_id = excluded.tenant_id, user_id = excluded.user_id, reads_all_users = excluded.reads_all_users
  returning to_jsonb(lb) - 'login_oid' into v_after;
  perform tollhouse_private.audit('bind_login', jsonb_build_object('login', p_login), p_reason, v_before, v_after);
end
$$;
comment on function tollhouse_ops.bind_login(name, text, text, text, boolean) is
  'Binds a login, even if it is renamed, to this tenant, and to this user if given, from its next statement on; p_reads_all_users makes it the tenant''s administrator. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.bind_login(name, text, text, text, boolean) from public;
grant execute on function tollhouse_ops.bind_login(name, text, text, text, boolean) to tollhouse_operator;

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
  'Lets the login choose its identity; for trusted application servers only. False if it was not bound. Raises TH301.';

revoke execute on function tollhouse_ops.unbind_login(name, text) from public;
grant execute on function tollhouse_ops.unbind_login(name, text) to tollhouse_operator;

commit;
