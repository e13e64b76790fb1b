-- Deploy tollhouse:platform/settings to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.settings (
  only_row boolean not null default true,
  lease interval not null default '15 seconds',
  delivery_ttl interval not null default '15 minutes',
  content_retention interval not null default '90 days',
  ledger_retention interval not null default '25 months',
  months_ahead integer not null default 3,
  constraint settings_pkey primary key (only_row),
  constraint settings_only_row_check check (only_row),
  constraint settings_lease_check check (lease between '1 second' and '10 minutes'),
  constraint settings_delivery_ttl_check check (delivery_ttl between '1 second' and '1 day'),
  constraint settings_content_retention_check check (content_retention >= '1 day'),
  constraint settings_ledger_retention_check check (ledger_retention between content_retention and '100 years'),
  constraint settings_months_ahead_check check (months_ahead between 1 and 24)
);

comment on table tollhouse_private.settings is 'A single row: installation-wide settings.';
comment on column tollhouse_private.settings.lease is 'How long a worker counts as alive after its last heartbeat.';
comment on column tollhouse_private.settings.delivery_ttl is
  'How long an answer that may not be kept (capture policy metadata or none) is held for its caller.';
comment on column tollhouse_private.settings.content_retention is 'Age at which a month of prompts and answers is dropped.';
comment on column tollhouse_private.settings.ledger_retention is 'Age at which a month of the ledger and its request keys is dropped.';
comment on column tollhouse_private.settings.months_ahead is 'How many months of partitions to create beyond the current one.';

insert into tollhouse_private.settings default values;

grant select, update on tollhouse_private.settings to tollhouse_engine;
grant select on tollhouse_private.settings to tollhouse_operator, tollhouse_auditor;

commit;
