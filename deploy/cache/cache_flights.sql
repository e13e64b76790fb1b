-- Deploy tollhouse:cache/cache_flights to pg

begin;
set local role tollhouse_owner;

-- One row per answer that is being paid for right now; its primary key is what makes coalescing exact.
create table tollhouse_private.cache_flights (
  tenant_id text collate "C" not null,
  scope text collate "C" not null,
  endpoint text collate "C" not null,
  cache_key bytea not null,
  watermark text collate "C" not null,
  call_id uuid not null,
  constraint cache_flights_pkey primary key (tenant_id, scope, endpoint, cache_key, watermark)
) with (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
comment on table tollhouse_private.cache_flights is
  'The call that is fetching an answer (the leader); identical calls wait for it instead of paying twice.';

alter table tollhouse_private.cache_flights enable row level security;
alter table tollhouse_private.cache_flights force row level security;
create policy cache_flights_all_engine on tollhouse_private.cache_flights
  to tollhouse_engine using (true) with check (true);

grant select, insert, update, delete on tollhouse_private.cache_flights to tollhouse_engine;
-- Deliberately no policy for the owner: a client that locked a flight would keep claims waiting.

commit;
