-- Deploy tollhouse:ops/drop_bindings to pg

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
  -- Not what binds another role, which had the name before.
  with dropped as (
    delete from tollhouse_private.login_bindings as lb
    where lb.login_oid = to_regrole(quote_ident(p_login))
      or (lb.login = p_login and not exists (select from pg_catalog.pg_roles as r where r.oid = lb.login_oid))
    returning lb.login_oid, to_jsonb(lb) - 'login_oid' as binding
  )
  select d.binding from dropped as d order by d.login_oid desc limit 1
$$;
comment on function tollhouse_private.drop_bindings(name) is
  'Drops what binds a login, by its present or an earlier name, and returns it; null if nothing did.';

revoke execute on function tollhouse_private.drop_bindings(name) from public;

commit;
