-- Deploy tollhouse:pricing/cost_of_usage to pg

begin;
set local role tollhouse_owner;

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
  'What the reported tokens cost, in micro-USD rounded up. Input includes cached input, output includes reasoning.';

revoke execute on function tollhouse_private.cost_of_usage(bigint, bigint, bigint, bigint, integer, integer, integer, integer) from public;
grant execute on function tollhouse_private.cost_of_usage(bigint, bigint, bigint, bigint, integer, integer, integer, integer) to tollhouse_engine;

commit;
