-- Deploy tollhouse:ledger/refusal_reasons to pg

begin;
set local role tollhouse_owner;

-- Deliberately no foreign key to it: dropping a month of the ledger would need a lock that excludes every reader of this table.
create table tollhouse_private.refusal_reasons (
  reason text collate "C" not null,
  guard text collate "C" not null,
  position integer not null,
  sentence text collate "C" not null,
  remedy text collate "C" not null,
  constraint refusal_reasons_pkey primary key (reason),
  constraint refusal_reasons_position_check check (position between 2 and 8)
);
comment on table tollhouse_private.refusal_reasons is 'Each blocked_reason of the ledger: the guard that sets it, and what it means to the caller.';
comment on column tollhouse_private.refusal_reasons.guard is 'The guard, by the name of its deploy folder.';
comment on column tollhouse_private.refusal_reasons.position is 'Its place in the order of the guards; idempotency is 1.';
comment on column tollhouse_private.refusal_reasons.sentence is 'Why the call was refused; used when nothing more specific is known.';
comment on column tollhouse_private.refusal_reasons.remedy is 'What the caller can do.';

insert into tollhouse_private.refusal_reasons (reason, guard, position, sentence, remedy)
values
  ('provider_kill_switch', 'kill_switch', 2,
    'A kill switch was stopping calls like this one.',
    'Enqueue again under a new request id once the switch is lifted.'),
  ('hourly_shutoff', 'hourly_shutoff', 3,
    'An hourly shutoff was in force for the tenant or the user.',
    'Enqueue again under a new request id once the shutoff ends.'),
  ('breaker_open', 'breaker', 6,
    'The provider had been failing, so its circuit breaker was open.',
    'Enqueue again under a new request id once the breaker is closed.'),
  ('price_unknown', 'routing', 6,
    'The model has no price, so no budget could be reserved for the call.',
    'Ask an operator to set the price (tollhouse_ops.set_price).'),
  ('max_cost_exceeded', 'routing', 6,
    'The call could have cost more than its max_cost_micro_usd.',
    'Enqueue again under a new request id, with a higher max_cost_micro_usd or a lower max_completion_tokens.'),
  ('no_model', 'routing', 6,
    'The endpoint had no model that could serve the call.',
    'Ask an operator to add a model to the endpoint (tollhouse_ops.set_task_type).'),
  ('monthly_cap_exceeded', 'budget', 8,
    'The highest possible cost of the call did not fit under the monthly cap of the user or tenant.',
    'Lower max_completion_tokens, wait for the next month (UTC), or ask an operator to raise the cap.');

grant select on tollhouse_private.refusal_reasons to tollhouse_engine, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;
-- Deliberately not to clients, who read no table without row security; this function tells them what they need.

create function tollhouse_private.refusing_guard(
  p_reason text
)
  returns text
  language sql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  select r.guard from tollhouse_private.refusal_reasons as r where r.reason = p_reason collate "C"
$$;
comment on function tollhouse_private.refusing_guard(text) is 'The guard that sets a blocked_reason.';

revoke execute on function tollhouse_private.refusing_guard(text) from public;
grant execute on function tollhouse_private.refusing_guard(text) to tollhouse_client, tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
