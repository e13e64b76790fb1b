begin;
select plan(15);

\ir ../shape.psql
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

select throws_ok(
  'update tollhouse_private.settings set ledger_retention = ''101 years''', '23514', null, 'the ledger is kept for a hundred years at most');

select * from finish();
rollback;
