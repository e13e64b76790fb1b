-- Deploy tollhouse:ops/check_materializer to pg

begin;
set local role tollhouse_engine;

-- What is stored is executed later, with the rights of whoever closes the call: nobody else may write or replace it.
create function tollhouse_private.check_materializer(
  p_name text
)
  returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_function regprocedure;
begin
  -- The shape first: to_regprocedure raises on what can't be a name.
  if p_name ~ '^("[^"]+"|[A-Za-z_][A-Za-z0-9_]*)\.("[^"]+"|[A-Za-z_][A-Za-z0-9_]*)$' then
    v_function := to_regprocedure(p_name || '(text,text,uuid,timestamptz,jsonb,jsonb)');
  end if;
  perform tollhouse_private.check_value(v_function is not null, format('materializer %s', coalesce(p_name, 'null')),
    'Name a function (text, text, uuid, timestamptz, jsonb, jsonb) with its schema, or give an empty text for none.');
  perform tollhouse_private.check_value(
    exists (
      select
      from pg_catalog.pg_proc as p
      join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
      join pg_catalog.pg_roles as writes on writes.oid = p.proowner
      join pg_catalog.pg_roles as drops on drops.oid = n.nspowner
      where p.oid = v_function
        and n.nspname !~ '^pg_temp'
        and (writes.rolsuper or writes.rolname in ('tollhouse_owner', 'tollhouse_engine'))
        and (drops.rolsuper or drops.rolname in ('tollhouse_owner', 'tollhouse_engine', 'pg_database_owner'))
    ),
    format('materializer %s', p_name), 'It and its schema belong to tollhouse_owner or to a superuser, and it is no temporary one.');
  return v_function::regproc::text;
end
$$;
comment on function tollhouse_private.check_materializer(text) is
  'The quoted name of a materializer that may be stored. Raises TH303 for what is none, or is somebody''s who could replace it.';

revoke execute on function tollhouse_private.check_materializer(text) from public;

commit;
