-- Verify tollhouse:platform/schemas on pg

begin;

do $$
declare
  v_wrong text;
begin
  select string_agg(format('%s %s', s.name, said.wrong), '; ')
  into v_wrong
  from (values
    ('tollhouse', 'tollhouse_owner', '{tollhouse_engine, tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor}'::text[]),
    ('tollhouse_private', 'tollhouse_owner', '{tollhouse_engine}'),
    ('tollhouse_worker', 'tollhouse_engine', '{tollhouse_worker}'),
    ('tollhouse_ops', 'tollhouse_engine', '{tollhouse_operator, tollhouse_auditor, tollhouse_monitor}')
  ) as s (name, owner, enter)
  left join pg_catalog.pg_namespace as n on n.nspname = s.name
  cross join lateral (
    select 'is missing'
    where n.oid is null
    union all
    select format('belongs to %s, not to %s', n.nspowner::regrole, s.owner)
    where n.nspowner <> s.owner::regrole
    union all
    select format(case when expected.it then 'does not grant %s to %s' else 'grants %s to %s' end, privilege, r.role)
    from unnest(array[
      'public', 'tollhouse_owner', 'tollhouse_engine', 'tollhouse_client', 'tollhouse_worker', 'tollhouse_operator',
      'tollhouse_auditor', 'tollhouse_monitor'
    ]) as r (role)
    cross join unnest(array['usage', 'create']) as privilege
    cross join lateral (
      -- The engine's functions live beside the tables.
      select r.role = any (s.enter) and (privilege = 'usage' or s.name = 'tollhouse_private') as it
    ) as expected
    where r.role <> s.owner
      and has_schema_privilege(r.role, n.oid, privilege) <> expected.it
  ) as said (wrong);
  if v_wrong is not null then
    raise exception using errcode = 'P0004', message = v_wrong;
  end if;
end
$$;

rollback;
