-- Deploy tollhouse:breaker/provider_breakers to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.provider_breakers (
  provider text collate "C" not null,
  state text collate "C" not null default 'closed',
  opened_at timestamptz,
  open_until timestamptz,
  probe_call_id uuid,
  reason text collate "C",
  constraint provider_breakers_pkey primary key (provider),
  constraint provider_breakers_state_check check (
    (state = 'closed' and open_until is null and probe_call_id is null)
    or (state = 'open' and open_until is not null and probe_call_id is null)
    or (state = 'half_open' and open_until is not null and probe_call_id is not null)
  )
) with (fillfactor = 70);
comment on table tollhouse_private.provider_breakers is
  'Stops everybody''s calls to a provider when a share of them fails; no row means closed.';
comment on column tollhouse_private.provider_breakers.opened_at is 'When it opened; a failed probe changes only open_until.';
comment on column tollhouse_private.provider_breakers.reason is 'Share of calls that had failed, or the reason given by an operator.';

grant select, insert, update, delete on tollhouse_private.provider_breakers to tollhouse_engine;
grant select on tollhouse_private.provider_breakers to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
