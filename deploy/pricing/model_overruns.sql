-- Deploy tollhouse:pricing/model_overruns to pg
-- requires: task_types/models

begin;
set local role tollhouse_owner;

create table tollhouse_private.model_overruns (
  model text collate "C" not null,
  factor numeric not null,
  learned_at timestamptz not null,
  call_id uuid not null,
  constraint model_overruns_pkey primary key (model),
  constraint model_overruns_model_fkey foreign key (model) references tollhouse_private.models (model) on delete cascade,
  constraint model_overruns_factor_check check (factor > 1 and factor <= 1000000)
);
comment on table tollhouse_private.model_overruns is
  'Models whose provider has billed more than a call could cost by its request and its limit. Each further call reserves that much more.';
comment on column tollhouse_private.model_overruns.factor is 'The largest usage, as a multiple of what such a call can cost at most.';
comment on column tollhouse_private.model_overruns.call_id is 'The call that it was learned from.';

create function tollhouse_private.with_overrun(
  p_highest_cost bigint,
  p_factor numeric
)
  returns bigint
  language sql
  immutable
as $$
  select case
    when p_factor is null or p_highest_cost is null then p_highest_cost
    -- Never more than a billion USD for it: sums of reservations stay numbers.
    else least(pg_catalog.ceil(p_highest_cost * p_factor), greatest(p_highest_cost, 1000000000000000))::bigint
  end
$$;
comment on function tollhouse_private.with_overrun(bigint, numeric) is
  'What a call reserves at a model that has billed p_factor times too much; null: it never has.';

revoke execute on function tollhouse_private.with_overrun(bigint, numeric) from public;
grant execute on function tollhouse_private.with_overrun(bigint, numeric) to tollhouse_engine;

grant select, insert, update, delete on tollhouse_private.model_overruns to tollhouse_engine;
grant select on tollhouse_private.model_overruns to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
