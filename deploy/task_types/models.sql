-- Deploy tollhouse:task_types/models to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.models (
  model tollhouse_private.identifier not null,
  provider text collate "C" not null,
  provider_model text collate "C" not null,
  constraint models_pkey primary key (model),
  constraint models_provider_fkey foreign key (provider) references tollhouse_private.providers (provider),
  constraint models_provider_model_check check (pg_catalog.length(provider_model) between 1 and 256)
);
comment on table tollhouse_private.models is 'A model by the name that calls and prices use, and where it is served.';
comment on column tollhouse_private.models.provider_model is 'The name that the provider knows it by.';

grant select, insert, update, delete on tollhouse_private.models to tollhouse_engine;
grant select on tollhouse_private.models to tollhouse_operator, tollhouse_auditor;

commit;
