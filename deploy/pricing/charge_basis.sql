-- Deploy tollhouse:pricing/charge_basis to pg

begin;
set local role tollhouse_owner;

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
  'What an ended attempt is charged: none, usage, or reservation where the provider may have billed and reported nothing. p_billing: see attempt_outcomes.';

revoke execute on function tollhouse_private.charge_basis(boolean, text, bigint) from public;
grant execute on function tollhouse_private.charge_basis(boolean, text, bigint) to tollhouse_engine;

commit;
