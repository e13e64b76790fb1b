begin;
select plan(7);

\ir ../shape.psql
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
