begin;
select plan(7);

-- What of a function that others may call has the collation of its caller: db/CONVENTIONS.md says what is done about it.
create temp view parameter as
select p.oid::regprocedure::text as function, p.proname, p.prosrc, l.lanname, a.name
from pg_catalog.pg_proc as p
join pg_catalog.pg_language as l on l.oid = p.prolang
cross join lateral unnest(p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes) as a (name, type, mode)
join pg_catalog.pg_type as t on t.oid = a.type
where p.pronamespace in ('tollhouse'::regnamespace, 'tollhouse_worker'::regnamespace, 'tollhouse_ops'::regnamespace)
  and coalesce(a.mode, 'i') in ('i', 'b', 'v')
  and t.typcollation <> 0;

select cmp_ok((select count(distinct function) from parameter), '>', 20::bigint, 'there are functions that take a text');
select is_empty(
  $$
    select c.oid::regclass, a.attname
    from pg_catalog.pg_attribute as a
    join pg_catalog.pg_class as c on c.oid = a.attrelid
    where c.relnamespace in (
        'tollhouse'::regnamespace, 'tollhouse_private'::regnamespace, 'tollhouse_worker'::regnamespace, 'tollhouse_ops'::regnamespace
      )
      and c.relkind in ('r', 'p', 'c', 'f', 'm')
      and a.attnum > 0 and not a.attisdropped
      and a.attcollation not in (0, '"C"'::regcollation)
  $$,
  'every text in a table or a composite type is collate "C": equal means the same bytes, and order is that of bytes, on every server'
);
select is_empty(
  $$
    select t.oid::regtype from pg_catalog.pg_type as t
    where t.typnamespace = 'tollhouse_private'::regnamespace and t.typtype = 'd' and t.typcollation not in (0, '"C"'::regcollation)
  $$,
  'and every domain'
);
select is_empty(
  $$
    select function, name from parameter
    where lanname = 'plpgsql'
      and prosrc !~ format(E'^\ndeclare\n(  p_\\w+ constant [^\n]*\n)*  %1$s constant \\S+ collate (pg_catalog\\.)?"C" := %2$s\\.%1$s;', name, proname)
  $$,
  'PL/pgSQL that others call begins with a copy of each text it is given, under the same name, collate "C"'
);
select is_empty(
  $$
    select distinct function from parameter
    where lanname = 'plpgsql' and prosrc ~ E'\n  v_\\w+ (constant )?(text|name)(\\[\\])?( :=|;)'
  $$,
  'its own texts, which would have their caller''s collation too, are collate "C"'
);
select is_empty(
  $$ select function, name from parameter where lanname = 'sql' and prosrc ~ format('\m%s\M(?! collate "C")', name) $$,
  'SQL that others call says collate "C" wherever it uses a text it is given'
);
select is_empty($$ select function from parameter where lanname not in ('plpgsql', 'sql') $$, 'there is no third language');

select * from finish();
rollback;
