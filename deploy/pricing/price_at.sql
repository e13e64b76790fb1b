-- Deploy tollhouse:pricing/price_at to pg

begin;
set local role tollhouse_owner;

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
  'The prices in force, micro-USD per million tokens; input or output null means: this model has no price.';

revoke execute on function tollhouse_private.price_at(text, timestamptz) from public;
grant execute on function tollhouse_private.price_at(text, timestamptz) to tollhouse_engine;

commit;
