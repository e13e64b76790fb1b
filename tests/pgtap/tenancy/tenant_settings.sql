begin;
select plan(11);

create function pg_temp.columns_of(p_table regclass) returns setof text language sql as $$
  select concat_ws(' ',
    a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end,
    'default ' || pg_get_expr(d.adbin, d.adrelid)
  )
  from pg_attribute as a
  left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = p_table and a.attnum > 0 and not a.attisdropped
  order by a.attnum
$$;
create function pg_temp.constraints_of(p_table regclass) returns setof text language sql as $$
  select k.conname::text from pg_constraint as k
  where k.conrelid = p_table and k.contype <> 'n'  -- PostgreSQL 18 lists not null among them
  order by k.conname
$$;
create function pg_temp.policies_of(p_table regclass) returns setof text language sql as $$
  select format('%s: %s%s for %s',
    p.policyname, lower(p.cmd), case p.permissive when 'PERMISSIVE' then '' else ' (restrictive)' end,
    (select string_agg(r, ', ' order by r) from unnest(p.roles) as r)
  )
  from pg_policies as p
  where p.schemaname = 'tollhouse_private' and format('%I.%I', p.schemaname, p.tablename)::regclass = p_table
  order by p.policyname
$$;
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.tenant_settings')$$,
  array[
    'tenant_id tollhouse_private.identifier not null',
    'capture_policy text not null default ''full''::text'
  ],
  'tenant_settings has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.tenant_settings')$$,
  array[
    'tenant_settings_capture_policy_check',
    'tenant_settings_pkey'
  ],
  'tenant_settings has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'tenant_settings', array['tenant_id']::name[], 'tenant_settings: the key');
select indexes_are('tollhouse_private', 'tenant_settings', array['tenant_settings_pkey'], 'tenant_settings has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'tenant_settings: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.tenant_settings'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.tenant_settings')$$,
  array[
    'tenant_settings_all_engine: all for tollhouse_engine',
    'tenant_settings_select_operator: select for tollhouse_auditor, tollhouse_operator',
    'tenant_settings_select_owner: select for tollhouse_owner'
  ],
  'tenant_settings has exactly these policies'
);
select lives_ok(
  $$insert into tollhouse_private.tenant_settings values ('t-full', 'full'), ('t-metadata', 'metadata'), ('t-none', 'none')$$,
  'a policy is full, metadata or none'
);
select throws_ok($$insert into tollhouse_private.tenant_settings values ('t', 'some')$$, '23514', null, 'and nothing else');
select throws_ok($$insert into tollhouse_private.tenant_settings values ('t t', 'full')$$, '23514', null, 'of a well-formed tenant');

set local role tollhouse_owner;
select is_empty('select from tollhouse_private.tenant_settings', 'client functions see no tenant''s settings without an identity');
set local tollhouse.tenant_id = 't-none';
set local tollhouse.user_id = 'ann';
select results_eq(
  'select tenant_id::text from tollhouse_private.tenant_settings', array['t-none'], 'and with one, that tenant''s only');
reset role;

select * from finish();
rollback;
