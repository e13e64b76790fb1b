-- Deploy tollhouse:pricing/model_overruns to pg

begin;
set local role tollhouse_owner;

create table tollhouse_private.model_overruns (
  model text collate "C" not null,
  day date not null,
  factor numeric,
  highest numeric not null,
  call_id uuid not null,
  learned_at timestamptz not null,
  constraint model_overruns_pkey primary key (model, day),
  constraint model_overruns_model_fkey foreign key (model) references tollhouse_private.models (model) on delete cascade,
  constraint model_overruns_factor_check check (factor > 1 and factor <= highest and highest > 1 and highest <= 1000000)
);
comment on table tollhouse_private.model_overruns is
  'Models whose provider has billed more than a call could cost by its request and its limit, by day (UTC). Calls of that day and the 31 that follow reserve factor times as much.';
comment on column tollhouse_private.model_overruns.factor is
  'What two calls of that day have billed at least, as a multiple of what such a call can cost at most. Null: only one call has, which may be a mistake of the provider.';
comment on column tollhouse_private.model_overruns.highest is 'What one call has billed, as such a multiple.';
comment on column tollhouse_private.model_overruns.call_id is 'That call.';
comment on column tollhouse_private.model_overruns.learned_at is 'Since when the factor holds; without one, when the first such call ended.';

create function tollhouse_private.overrun_of(
  p_model text,
  p_now timestamptz
)
  returns numeric
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select max(mo.factor)
  from tollhouse_private.model_overruns as mo
  where mo.model = p_model
    and mo.day between (p_now at time zone 'UTC')::date - 31 and (p_now at time zone 'UTC')::date
$$;
comment on function tollhouse_private.overrun_of(text, timestamptz) is
  'How many times too much a model has billed within 31 days, by two calls of a day at least; null: it has not.';

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
  'What a call reserves at a model that has billed p_factor times too much; null: it has not.';

revoke execute on function tollhouse_private.overrun_of(text, timestamptz) from public;
revoke execute on function tollhouse_private.with_overrun(bigint, numeric) from public;
grant execute on function tollhouse_private.overrun_of(text, timestamptz) to tollhouse_engine;
grant execute on function tollhouse_private.with_overrun(bigint, numeric) to tollhouse_engine;

grant select, insert, update, delete on tollhouse_private.model_overruns to tollhouse_engine;
grant select on tollhouse_private.model_overruns to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
