-- Deploy tollhouse:platform/channel_secret to pg

begin;
set local role tollhouse_owner;

-- Makes the names of done-channels unguessable. Deliberately granted to nobody.
create table tollhouse_private.channel_secret (
  only_row boolean not null default true,
  secret text collate "C" not null default pg_catalog.gen_random_uuid()::pg_catalog.text || pg_catalog.gen_random_uuid()::pg_catalog.text,
  constraint channel_secret_pkey primary key (only_row),
  constraint channel_secret_only_row_check check (only_row)
);
comment on table tollhouse_private.channel_secret is 'A single row: the secret from which done-channel names are derived.';
insert into tollhouse_private.channel_secret default values;

grant select on tollhouse_private.channel_secret to tollhouse_engine;

commit;
