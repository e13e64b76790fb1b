-- Deploy tollhouse:coalescing/ended_flights to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.ended_flights (
  tenant_id text collate "C" not null,
  call_id uuid not null,
  cache_key bytea not null,
  constraint ended_flights_pkey primary key (tenant_id, call_id)
);
comment on table tollhouse_private.ended_flights is
  'Leaders that ended while calls may still be waiting for their answer; processed by wake_followers.';

alter table tollhouse_private.ended_flights enable row level security;
alter table tollhouse_private.ended_flights force row level security;
create policy ended_flights_all_engine on tollhouse_private.ended_flights
  to tollhouse_engine using (true) with check (true);
create policy ended_flights_insert_owner on tollhouse_private.ended_flights
  for insert to tollhouse_owner
  with check (tenant_id = (select tollhouse_private.current_tenant_id()));

revoke select, update, delete, truncate on tollhouse_private.ended_flights from tollhouse_owner;
-- Update is needed for row locks.
grant select, insert, update, delete on tollhouse_private.ended_flights to tollhouse_engine;

commit;
