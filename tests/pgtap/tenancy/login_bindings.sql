begin;
select plan(24);

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
  $$select pg_temp.columns_of('tollhouse_private.login_bindings')$$,
  array[
    'login name not null',
    'tenant_id tollhouse_private.identifier not null',
    'user_id tollhouse_private.identifier',
    'reads_all_users boolean not null default false'
  ],
  'login_bindings has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.login_bindings')$$,
  array[
    'login_bindings_pkey'
  ],
  'login_bindings has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'login_bindings', array['login']::name[], 'login_bindings: the key');
select indexes_are('tollhouse_private', 'login_bindings', array['login_bindings_pkey'], 'login_bindings has exactly these indexes');
select ok(c.relrowsecurity and c.relforcerowsecurity, 'login_bindings: row-level security holds for its owner too')
from pg_class as c where c.oid = 'tollhouse_private.login_bindings'::regclass;
select results_eq(
  $$select pg_temp.policies_of('tollhouse_private.login_bindings')$$,
  array[
    'login_bindings_all_engine: all for tollhouse_engine',
    'login_bindings_select_operator: select for tollhouse_auditor, tollhouse_operator'
  ],
  'login_bindings has exactly these policies'
);
select lives_ok(format('select %L::tollhouse_private.identifier', v), format('%s may name a tenant or a user', v))
from unnest(array['a', 'A-1.b_c:d@e', '0', repeat('x', 128)]) as v;
select throws_ok(format('select %L::tollhouse_private.identifier', v), '23514', null, format('%s names nobody', to_json(v)))
from unnest(array['', ' ', '-a', '.a', 'a b', 'a/b', e'a\n', e'a\tb', 'ä', 'a''b', repeat('x', 129)]) as v;

insert into tollhouse_private.login_bindings (login, tenant_id) values ('some_login', 'acme');
set local role tollhouse_owner;
select is_empty('select from tollhouse_private.login_bindings', 'not even a client function, which runs as the owner, reads a binding');
select throws_ok(
  $$insert into tollhouse_private.login_bindings (login, tenant_id) values ('mine', 'globex')$$,
  '42501', null, 'nor writes one'
);
set local role tollhouse_engine;
select isnt_empty('select from tollhouse_private.login_bindings', 'the engine, which decides the identity, reads it');
reset role;

select * from finish();
rollback;
