-- Deploy tollhouse:admission/explain_refusal to pg
-- requires: platform/schemas

begin;
set local role tollhouse_owner;

create function tollhouse_private.explain_refusal(
  p_blocked_reason text,
  out why text,
  out what_to_do text
)
  returns record
  language sql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
  select
    case p_blocked_reason
      when 'provider_kill_switch' then 'An operator had stopped calls like this one with a kill switch.'
      when 'hourly_shutoff' then 'The tenant or the user was shut off for the hour.'
      when 'breaker_open' then 'The provider had been failing, so its circuit breaker was open.'
      when 'monthly_cap_exceeded' then 'The highest possible cost of the call did not fit under the monthly cap of the user or the tenant.'
      when 'price_unknown' then 'No price is known for the model, so its cost could not be reserved.'
      when 'max_cost_exceeded' then 'The call could have cost more than the max_cost_micro_usd it was given.'
      when 'no_model' then 'The endpoint had no model left that serves the call.'
    end,
    case p_blocked_reason
      when 'provider_kill_switch' then 'Once it is lifted, enqueue again under a new request id.'
      when 'hourly_shutoff' then 'Once it is over, enqueue again under a new request id.'
      when 'breaker_open' then 'Once it is closed, enqueue again under a new request id.'
      when 'monthly_cap_exceeded' then 'Ask for less (max_completion_tokens), wait for the next month (UTC), or have the cap raised.'
      when 'price_unknown' then 'Ask an operator to set the price (tollhouse_ops.set_price).'
      when 'max_cost_exceeded' then 'Enqueue again under a new request id, with a higher max_cost_micro_usd or asking for less (max_completion_tokens).'
      when 'no_model' then 'Ask an operator to give the endpoint a model (tollhouse_ops.set_task_type).'
    end
$$;
comment on function tollhouse_private.explain_refusal(text) is 'A blocked_reason in words.';

revoke execute on function tollhouse_private.explain_refusal(text) from public;
grant execute on function tollhouse_private.explain_refusal(text) to tollhouse_engine;

commit;
