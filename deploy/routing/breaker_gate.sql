-- Deploy tollhouse:routing/breaker_gate to pg

begin;
set local role tollhouse_engine;

create function tollhouse_private.breaker_gate(
  p_state text,
  p_open_until timestamptz,
  p_now timestamptz
)
  returns text
  language sql
  immutable
as $$
  select case
    when p_state is null or p_state = 'closed' then 'pass'
    when p_state = 'open' and p_open_until <= p_now then 'probe'
    else 'stop'
  end
$$;
comment on function tollhouse_private.breaker_gate(text, timestamptz, timestamptz) is
  'pass (closed, or no row), probe (open, cool-down over), stop (open, or half-open with its probe in flight).';

revoke execute on function tollhouse_private.breaker_gate(text, timestamptz, timestamptz) from public;
grant execute on function tollhouse_private.breaker_gate(text, timestamptz, timestamptz) to tollhouse_owner;

commit;
