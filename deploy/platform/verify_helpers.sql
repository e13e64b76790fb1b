-- Deploy tollhouse:platform/verify_helpers to pg

begin;
set local role tollhouse_owner;

-- Assertions for verify scripts, one sentence per object. Deliberately granted to nobody: whoever deploys is a member of the owner.
create function tollhouse_private.verify_that(
  p_holds boolean,
  p_otherwise text
)
  returns void
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
begin
  if p_holds is not true then
    raise exception using errcode = 'P0004', message = p_otherwise;
  end if;
end
$$;
comment on function tollhouse_private.verify_that(boolean, text) is
  'Raises the sentence (P0004) unless the condition is true; null counts as false.';

create function tollhouse_private.our_roles()
  returns text[]
  language sql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
  select array[
    'public', 'tollhouse_owner', 'tollhouse_engine', 'tollhouse_client', 'tollhouse_worker', 'tollhouse_operator',
    'tollhouse_auditor', 'tollhouse_monitor'
  ]
$$;
comment on function tollhouse_private.our_roles() is 'The roles whose privileges verify scripts check: our own and public.';

create function tollhouse_private.verify_function(
  p_function regprocedure,
  p_owner regrole,
  p_security text,
  p_executors text[]
)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_wrong text collate "C";
begin
  select string_agg(said.wrong, '; it ' order by said.wrong collate "C")
  into v_wrong
  from pg_proc as p
  cross join lateral (
    select format('belongs to %s, not to %s', p.proowner::regrole, p_owner)
    where p.proowner <> p_owner
    union all
    select format('is security %s, not %s', case when p.prosecdef then 'definer' else 'invoker' end, p_security)
    where p_security not in ('definer', 'invoker', 'unpinned')
      or p.prosecdef <> (p_security = 'definer')
    union all
    select 'does not pin its search_path to pg_catalog, pg_temp'
    where p_security <> 'unpinned'
      and 'search_path=pg_catalog, pg_temp' <> all (coalesce(p.proconfig, '{}'))
    union all
    select format('sets %s', array_to_string(p.proconfig, ', '))
    where p_security = 'unpinned'
      and p.proconfig is not null
    union all
    select format(case when r.role = any (p_executors) then 'may not be executed by %s' else 'may be executed by %s' end, r.role)
    from (select unnest(tollhouse_private.our_roles()) union select unnest(p_executors)) as r (role)
    where r.role <> p_owner::text
      and has_function_privilege(r.role, p.oid, 'execute') <> (r.role = any (p_executors))
  ) as said (wrong)
  where p.oid = p_function;
  perform tollhouse_private.verify_that(v_wrong is null, format('%s %s', p_function, v_wrong));
end
$$;
comment on function tollhouse_private.verify_function(regprocedure, regrole, text, text[]) is
  'Raises (P0004) unless the function or procedure belongs to that role and, of our roles and public, exactly these and its owner may execute it. p_security: definer or invoker, both with search_path pinned to pg_catalog, pg_temp; unpinned for an invoker without a SET clause.';

-- Shared by tables and views.
create function tollhouse_private.wrong_grants(
  p_relation regclass,
  p_owner regrole,
  p_grants text[]
)
  returns setof text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select format('belongs to %s, not to %s', c.relowner::regrole, p_owner)
  from pg_class as c
  where c.oid = p_relation
    and c.relowner <> p_owner;
  return query
  select format(case when expected.it then 'does not grant %s to %s' else 'grants %s to %s' end, privilege, role)
  from unnest(tollhouse_private.our_roles()) as role
  cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate']) as privilege
  cross join lateral (
    select coalesce(bool_or(privilege = any (string_to_array(split_part(g.line, ': ', 2), ', '))), role = p_owner::text) as it
    from unnest(p_grants) as g (line)
    where role = any (string_to_array(split_part(g.line, ': ', 1), ', '))
  ) as expected
  where has_table_privilege(role, p_relation, privilege) <> expected.it;
end
$$;
comment on function tollhouse_private.wrong_grants(regclass, regrole, text[]) is
  'What is wrong with the owner and the grants of a table or view, a clause a row. p_grants: lines of ''role, role: privilege, privilege'', of select, insert, update, delete and truncate; a role without a line has none of them, but for the owner, who has all.';

create function tollhouse_private.verify_table(
  p_table regclass,
  p_owner regrole,
  p_columns text[],
  p_grants text[]
)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_wrong text collate "C";
begin
  select string_agg(said.wrong, '; it ' order by said.wrong collate "C")
  into v_wrong
  from (
    select format('has no column %s', expected.name)
    from unnest(p_columns) as expected (name)
    where not exists (
      select from pg_attribute as a
      where a.attrelid = p_table
        and a.attname = expected.name
        and a.attnum > 0
        and not a.attisdropped
    )
    union all
    select * from tollhouse_private.wrong_grants(p_table, p_owner, p_grants)
  ) as said (wrong);
  perform tollhouse_private.verify_that(v_wrong is null, format('%s %s', p_table, v_wrong));
end
$$;
comment on function tollhouse_private.verify_table(regclass, regrole, text[], text[]) is
  'Raises (P0004) unless the table belongs to that role, has these columns, and grants exactly this (as in wrong_grants) to our roles and public.';

create function tollhouse_private.verify_view(
  p_view regclass,
  p_owner regrole,
  p_readers text[]
)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_wrong text collate "C";
begin
  select string_agg(said.wrong, '; it ' order by said.wrong collate "C")
  into v_wrong
  from (
    select 'is no security_invoker view'
    from pg_class as c
    where c.oid = p_view
      and 'security_invoker=true' <> all (coalesce(c.reloptions, '{}'))
    union all
    select * from tollhouse_private.wrong_grants(p_view, p_owner, array[array_to_string(p_readers, ', ') || ': select'])
  ) as said (wrong);
  perform tollhouse_private.verify_that(v_wrong is null, format('%s %s', p_view, v_wrong));
end
$$;
comment on function tollhouse_private.verify_view(regclass, regrole, text[]) is
  'Raises (P0004) unless the view reads as its reader, belongs to that role and, of our roles and public, exactly these may select from it, and none more than that.';

create function tollhouse_private.verify_withheld(
  p_table regclass,
  p_role regrole,
  p_columns text[]
)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_wrong text collate "C";
begin
  select string_agg(format(
    case when a.attname = any (p_columns) then 'shows %s to %s' else 'does not show %s to %s' end, a.attname, p_role
  ), '; it ' order by a.attnum)
  into v_wrong
  from pg_attribute as a
  where a.attrelid = p_table
    and a.attnum > 0
    and not a.attisdropped
    and has_column_privilege(p_role, p_table, a.attnum, 'select') = (a.attname = any (p_columns));
  perform tollhouse_private.verify_that(v_wrong is null, format('%s %s', p_table, v_wrong));
end
$$;
comment on function tollhouse_private.verify_withheld(regclass, regrole, text[]) is
  'Raises (P0004) unless the role may select every column of the table but these.';

create function tollhouse_private.verify_policies(
  p_table regclass,
  p_policies text[]
)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_wrong text collate "C";
begin
  select string_agg(said.wrong, '; it ' order by said.wrong collate "C")
  into v_wrong
  from (
    select 'does not enable and force row security'
    from pg_class as c
    where c.oid = p_table
      and not (c.relrowsecurity and c.relforcerowsecurity)
    union all
    select format(case when p.polname is null then 'has no policy %s' else 'has a policy %s' end, coalesce(expected.name, p.polname))
    from unnest(p_policies) as expected (name)
    full join (select q.polname from pg_policy as q where q.polrelid = p_table) as p on p.polname = expected.name
    where p.polname is null
      or expected.name is null
  ) as said (wrong);
  perform tollhouse_private.verify_that(v_wrong is null, format('%s %s', p_table, v_wrong));
end
$$;
comment on function tollhouse_private.verify_policies(regclass, text[]) is
  'Raises (P0004) unless row security of the table is enabled and forced, with exactly these policies.';

create function tollhouse_private.verify_type(
  p_type regtype,
  p_owner regrole
)
  returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner constant regrole := (select t.typowner from pg_type as t where t.oid = p_type);
begin
  perform tollhouse_private.verify_that(v_owner = p_owner, format('%s belongs to %s, not to %s', p_type, v_owner, p_owner));
end
$$;
comment on function tollhouse_private.verify_type(regtype, regrole) is
  'Raises (P0004) unless the type or domain belongs to that role.';

revoke execute on function tollhouse_private.verify_that(boolean, text) from public;
revoke execute on function tollhouse_private.our_roles() from public;
revoke execute on function tollhouse_private.verify_function(regprocedure, regrole, text, text[]) from public;
revoke execute on function tollhouse_private.wrong_grants(regclass, regrole, text[]) from public;
revoke execute on function tollhouse_private.verify_table(regclass, regrole, text[], text[]) from public;
revoke execute on function tollhouse_private.verify_view(regclass, regrole, text[]) from public;
revoke execute on function tollhouse_private.verify_withheld(regclass, regrole, text[]) from public;
revoke execute on function tollhouse_private.verify_policies(regclass, text[]) from public;
revoke execute on function tollhouse_private.verify_type(regtype, regrole) from public;

commit;
