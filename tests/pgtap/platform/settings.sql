begin;
select plan(21);

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
select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.settings')$$,
  array[
    'only_row boolean not null default true',
    'lease interval not null default ''00:00:15''::interval',
    'delivery_ttl interval not null default ''00:15:00''::interval',
    'content_retention interval not null default ''90 days''::interval',
    'ledger_retention interval not null default ''2 years 1 mon''::interval',
    'months_ahead integer not null default 3'
  ],
  'settings has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.settings')$$,
  array[
    'settings_content_retention_check',
    'settings_delivery_ttl_check',
    'settings_lease_check',
    'settings_ledger_retention_check',
    'settings_months_ahead_check',
    'settings_only_row_check',
    'settings_pkey'
  ],
  'settings has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'settings', array['only_row']::name[], 'settings: the key');
select indexes_are('tollhouse_private', 'settings', array['settings_pkey'], 'settings has exactly these indexes');

select results_eq(
  $$select pg_temp.columns_of('tollhouse_private.channel_secret')$$,
  array[
    'only_row boolean not null default true',
    'secret text not null default ((gen_random_uuid())::text || (gen_random_uuid())::text)'
  ],
  'channel_secret has exactly these columns'
);
select results_eq(
  $$select pg_temp.constraints_of('tollhouse_private.channel_secret')$$,
  array[
    'channel_secret_only_row_check',
    'channel_secret_pkey'
  ],
  'channel_secret has exactly these constraints'
);
select col_is_pk('tollhouse_private', 'channel_secret', array['only_row']::name[], 'channel_secret: the key');
select indexes_are('tollhouse_private', 'channel_secret', array['channel_secret_pkey'], 'channel_secret has exactly these indexes');
select is((select count(*) from tollhouse_private.settings), 1::bigint, 'a fresh installation has its settings');
select throws_ok(
  'insert into tollhouse_private.settings default values', '23505', null, 'there is no second row of settings');
select throws_ok(
  'insert into tollhouse_private.settings (only_row) values (false)', '23514', null, 'not even under another key');
select lives_ok(
  'update tollhouse_private.settings set lease = ''1 second''', 'the shortest lease is a second');
select throws_ok(
  'update tollhouse_private.settings set lease = ''999 ms''', '23514', null, 'a shorter lease is refused');
select throws_ok(
  'update tollhouse_private.settings set lease = ''10 minutes 1 second''', '23514', null, 'a lease over ten minutes is refused');
select throws_ok(
  'update tollhouse_private.settings set content_retention = ''23 hours''', '23514', null, 'content is kept for a day at least');
select throws_ok(
  'update tollhouse_private.settings set ledger_retention = ''89 days''', '23514', null, 'the ledger is kept as long as the content at least');
select throws_ok(
  'update tollhouse_private.settings set delivery_ttl = ''0''', '23514', null, 'a delivery waits at least a second');
select throws_ok(
  'update tollhouse_private.settings set months_ahead = 0', '23514', null, 'partitions reach at least one month ahead');

select cmp_ok(
  (select length(s.secret) from tollhouse_private.channel_secret as s), '>=', 64, 'the secret is long enough not to be guessed');
select throws_ok(
  'insert into tollhouse_private.channel_secret default values', '23505', null, 'there is one secret');
set local role tollhouse_engine;
select throws_ok(
  'update tollhouse_private.channel_secret set secret = ''known''', '42501', null, 'no function replaces the secret');
reset role;

select * from finish();
rollback;
