-- Deploy tollhouse:queue/queue_limits to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.queue_limits (
  tenant_id text collate "C" not null,
  max_calls bigint,
  max_bytes bigint,
  constraint queue_limits_pkey primary key (tenant_id),
  constraint queue_limits_calls_check check (max_calls >= 0),
  constraint queue_limits_bytes_check check (max_bytes >= 0)
);
comment on table tollhouse_private.queue_limits is
  'How many unfinished calls a tenant may have, and how many bytes of requests. The empty tenant: those without a row. Null: no limit.';

insert into tollhouse_private.queue_limits (tenant_id, max_calls, max_bytes) values ('', 1000000, 4294967296);

alter table tollhouse_private.queue_limits enable row level security;
alter table tollhouse_private.queue_limits force row level security;
create policy queue_limits_all_engine on tollhouse_private.queue_limits
  to tollhouse_engine using (true) with check (true);
create policy queue_limits_select_operator on tollhouse_private.queue_limits
  for select to tollhouse_operator, tollhouse_auditor, tollhouse_monitor using (true);

grant select, insert, update, delete on tollhouse_private.queue_limits to tollhouse_engine;
grant select on tollhouse_private.queue_limits to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

-- Appended, never updated: an enqueue waits for no other one.
create table tollhouse_private.queue_counts (
  tenant_id text collate "C" not null,
  count_id bigint not null generated always as identity,
  calls bigint not null,
  bytes bigint not null,
  constraint queue_counts_pkey primary key (tenant_id, count_id)
);
comment on table tollhouse_private.queue_counts is
  'What enqueues counted of a tenant''s queue; the last one says how far from its limit it is.';

alter table tollhouse_private.queue_counts enable row level security;
alter table tollhouse_private.queue_counts force row level security;
create policy queue_counts_all_engine on tollhouse_private.queue_counts
  to tollhouse_engine using (true) with check (true);

grant select, insert, delete, update on tollhouse_private.queue_counts to tollhouse_engine;

commit;
