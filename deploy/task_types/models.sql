-- Deploy tollhouse:task_types/models to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.providers (
  provider tollhouse_private.identifier not null,
  failure_threshold integer not null default 5,
  cooldown interval not null default '30 seconds',
  failure_window interval not null default '1 minute',
  window_min_calls integer not null default 20,
  window_failure_share numeric not null default 0.5,
  constraint providers_pkey primary key (provider),
  constraint providers_failure_threshold_check check (failure_threshold between 1 and 1000),
  constraint providers_cooldown_check check (cooldown > '0' and cooldown <= '366 days'),
  constraint providers_failure_window_check check (failure_window > '0' and failure_window <= '366 days'),
  constraint providers_window_min_calls_check check (window_min_calls >= 1),
  constraint providers_window_failure_share_check check (window_failure_share > 0 and window_failure_share <= 1)
);
comment on table tollhouse_private.providers is
  'A provider and its breaker settings. Its address and key are in the worker''s environment, never here.';
comment on column tollhouse_private.providers.failure_threshold is 'Consecutive failures after which a user''s breaker opens.';
comment on column tollhouse_private.providers.cooldown is 'How long an open breaker waits before its probe.';
comment on column tollhouse_private.providers.failure_window is 'Window over which the provider''s own breaker counts.';
comment on column tollhouse_private.providers.window_min_calls is 'With fewer calls in the window, the provider''s breaker stays closed.';
comment on column tollhouse_private.providers.window_failure_share is 'Share of failures in the window at which it opens, unless they come from one tenant alone or, if only one tenant is calling, from one user alone.';

grant select, insert, update, delete on tollhouse_private.providers to tollhouse_engine;
grant select on tollhouse_private.providers to tollhouse_operator, tollhouse_auditor;

create table tollhouse_private.models (
  model tollhouse_private.identifier not null,
  provider text collate "C" not null,
  provider_model text collate "C" not null,
  constraint models_pkey primary key (model),
  constraint models_provider_fkey foreign key (provider) references tollhouse_private.providers (provider),
  constraint models_provider_model_check check (pg_catalog.length(provider_model) between 1 and 256)
);
comment on table tollhouse_private.models is 'A model, by the name used in calls and prices, and its provider.';
comment on column tollhouse_private.models.provider_model is 'The provider''s name for it.';

grant select, insert, update, delete on tollhouse_private.models to tollhouse_engine;
grant select on tollhouse_private.models to tollhouse_operator, tollhouse_auditor;

commit;
