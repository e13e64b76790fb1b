-- Deploy tollhouse:pricing/model_prices to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.model_prices (
  model text collate "C" not null,
  kind text collate "C" not null,
  effective_from timestamptz not null,
  micro_usd_per_million bigint not null,
  constraint model_prices_pkey primary key (model, kind, effective_from),
  constraint model_prices_model_fkey foreign key (model) references tollhouse_private.models (model),
  constraint model_prices_kind_check check (kind in ('input', 'cached_input', 'output', 'reasoning')),
  constraint model_prices_amount_check check (micro_usd_per_million between 0 and 1000000000000)
);
comment on table tollhouse_private.model_prices is
  'What a million tokens of a kind cost from a time on, in micro-USD. cached_input falls back to input, reasoning to output.';

grant select, insert on tollhouse_private.model_prices to tollhouse_engine;
grant select on tollhouse_private.model_prices to tollhouse_operator, tollhouse_auditor;
-- Deliberately no update or delete: a price that was in force stays on record.

commit;
