-- Deploy tollhouse:pricing/cost to pg

begin;
set local role tollhouse_owner;

-- A token is never shorter than a byte, so the bytes of the request bound its input tokens.
create function tollhouse_private.highest_cost(
  p_input_price bigint,
  p_cached_input_price bigint,
  p_output_price bigint,
  p_reasoning_price bigint,
  p_request_bytes integer,
  p_max_output_tokens integer
)
  returns bigint
  language sql
  immutable
as $$
  select pg_catalog.ceil((
    p_request_bytes::numeric * (p_input_price + greatest(0, p_cached_input_price - p_input_price))
    + p_max_output_tokens::numeric * (p_output_price + greatest(0, p_reasoning_price - p_output_price))
  ) / 1000000)::bigint
$$;
comment on function tollhouse_private.highest_cost(bigint, bigint, bigint, bigint, integer, integer) is
  'Highest possible cost of one attempt, in micro-USD rounded up; null if a price is unknown.';

revoke execute on function tollhouse_private.highest_cost(bigint, bigint, bigint, bigint, integer, integer) from public;
grant execute on function tollhouse_private.highest_cost(bigint, bigint, bigint, bigint, integer, integer) to tollhouse_engine;

create function tollhouse_private.cost_of_usage(
  p_input_price bigint,
  p_cached_input_price bigint,
  p_output_price bigint,
  p_reasoning_price bigint,
  p_input_tokens integer,
  p_cached_input_tokens integer,
  p_output_tokens integer,
  p_reasoning_tokens integer
)
  returns bigint
  language sql
  immutable
as $$
  select pg_catalog.ceil((
    (p_input_tokens - coalesce(p_cached_input_tokens, 0))::numeric * p_input_price
    + coalesce(p_cached_input_tokens, 0)::numeric * p_cached_input_price
    + (p_output_tokens - coalesce(p_reasoning_tokens, 0))::numeric * p_output_price
    + coalesce(p_reasoning_tokens, 0)::numeric * p_reasoning_price
  ) / 1000000)::bigint
$$;
comment on function tollhouse_private.cost_of_usage(bigint, bigint, bigint, bigint, integer, integer, integer, integer) is
  'Cost of the reported tokens, in micro-USD rounded up. Input includes cached input, output includes reasoning.';

revoke execute on function tollhouse_private.cost_of_usage(bigint, bigint, bigint, bigint, integer, integer, integer, integer) from public;
grant execute on function tollhouse_private.cost_of_usage(bigint, bigint, bigint, bigint, integer, integer, integer, integer) to tollhouse_engine;

create function tollhouse_private.charge_basis(
  p_sent boolean,
  p_billing text,
  p_usage_cost bigint
)
  returns text
  language sql
  immutable
as $$
  select case
    when p_sent is not true or p_billing = 'nothing' then 'none'
    when p_usage_cost is not null then 'usage'
    when p_billing = 'usage' then 'none'
    else 'reservation'
  end
$$;
comment on function tollhouse_private.charge_basis(boolean, text, bigint) is
  'Cost basis of an ended attempt: none, usage, or reservation if the provider may have billed without reporting usage. p_billing: see attempt_outcomes.';

revoke execute on function tollhouse_private.charge_basis(boolean, text, bigint) from public;
grant execute on function tollhouse_private.charge_basis(boolean, text, bigint) to tollhouse_engine;

commit;
