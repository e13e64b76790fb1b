-- Deploy tollhouse:pricing/prices to pg

begin;
set local role tollhouse_owner;

create type tollhouse_private.price as (
  input bigint,
  cached_input bigint,
  output bigint,
  reasoning bigint
);
comment on type tollhouse_private.price is 'Price of a million tokens of each kind, in micro-USD.';

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
  'Price of a million tokens of a kind from a given time on, in micro-USD. cached_input falls back to input, reasoning to output.';

grant select, insert on tollhouse_private.model_prices to tollhouse_engine;
grant select on tollhouse_private.model_prices to tollhouse_operator, tollhouse_auditor;
-- Deliberately no update or delete: a price that was in force stays on record.

create function tollhouse_private.price_at(
  p_model text,
  p_now timestamptz
)
  returns tollhouse_private.price
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with current_price as (
    select distinct on (mp.kind) mp.kind, mp.micro_usd_per_million as amount
    from tollhouse_private.model_prices as mp
    where mp.model = p_model
      and mp.effective_from <= p_now
    order by mp.kind, mp.effective_from desc
  )
  select
    max(cp.amount) filter (where cp.kind = 'input'),
    coalesce(max(cp.amount) filter (where cp.kind = 'cached_input'), max(cp.amount) filter (where cp.kind = 'input')),
    max(cp.amount) filter (where cp.kind = 'output'),
    coalesce(max(cp.amount) filter (where cp.kind = 'reasoning'), max(cp.amount) filter (where cp.kind = 'output'))
  from current_price as cp
$$;
comment on function tollhouse_private.price_at(text, timestamptz) is
  'The prices in force, in micro-USD per million tokens; the model has no price if input or output is null.';

revoke execute on function tollhouse_private.price_at(text, timestamptz) from public;
grant execute on function tollhouse_private.price_at(text, timestamptz) to tollhouse_engine;

commit;
