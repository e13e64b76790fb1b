-- Deploy tollhouse:pricing/highest_cost to pg

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
  'The most that one attempt can cost, in micro-USD rounded up; null when a price is unknown.';

revoke execute on function tollhouse_private.highest_cost(bigint, bigint, bigint, bigint, integer, integer) from public;
grant execute on function tollhouse_private.highest_cost(bigint, bigint, bigint, bigint, integer, integer) to tollhouse_engine;

commit;
