-- Deploy tollhouse:execution/attempt_outcomes to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.attempt_outcomes (
  outcome text collate "C" not null,
  sent boolean not null,
  billing text collate "C" not null,
  retries boolean not null,
  breaker text collate "C" not null,
  status text collate "C" not null,
  constraint attempt_outcomes_pkey primary key (outcome),
  constraint attempt_outcomes_billing_check check (billing in ('usage_or_reservation', 'usage', 'nothing')),
  constraint attempt_outcomes_breaker_check check (breaker in ('success', 'failure', 'ignored')),
  constraint attempt_outcomes_status_check check (status in ('success', 'failed', 'blocked', 'cancelled'))
);
comment on table tollhouse_private.attempt_outcomes is 'Consequences of each attempt outcome.';
comment on column tollhouse_private.attempt_outcomes.sent is 'The request may have reached the provider.';
comment on column tollhouse_private.attempt_outcomes.billing is
  'What is charged: the reported usage; where nothing was reported, the reservation if the provider may have billed.';
comment on column tollhouse_private.attempt_outcomes.retries is 'Whether the call is retried while attempts are left.';
comment on column tollhouse_private.attempt_outcomes.breaker is 'Its effect on the breakers.';
comment on column tollhouse_private.attempt_outcomes.status is 'Final status of the call if it is not retried.';

insert into tollhouse_private.attempt_outcomes (outcome, sent, billing, retries, breaker, status)
values
  ('success', true, 'usage_or_reservation', false, 'success', 'success'),
  ('rate_limited', true, 'nothing', true, 'ignored', 'failed'),
  ('server_error', true, 'usage', true, 'failure', 'failed'),
  ('timeout', true, 'usage_or_reservation', true, 'failure', 'failed'),
  ('dropped', true, 'usage_or_reservation', true, 'failure', 'failed'),
  ('unreachable', false, 'nothing', true, 'failure', 'failed'),
  ('malformed', true, 'usage_or_reservation', true, 'failure', 'failed'),
  ('rejected', true, 'nothing', false, 'ignored', 'failed'),
  ('not_configured', false, 'nothing', true, 'ignored', 'failed'),
  ('aborted', true, 'usage_or_reservation', false, 'ignored', 'blocked'),
  ('cancelled', true, 'usage_or_reservation', false, 'ignored', 'cancelled'),
  ('interrupted', true, 'usage_or_reservation', true, 'ignored', 'failed'),
  ('abandoned', true, 'usage_or_reservation', true, 'ignored', 'failed'),
  ('not_sent', false, 'nothing', true, 'ignored', 'failed');

grant select on tollhouse_private.attempt_outcomes to tollhouse_engine, tollhouse_operator, tollhouse_auditor;

commit;
