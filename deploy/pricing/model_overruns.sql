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
  'Models billed, on a day (UTC), for more than a call could cost given its request and limits. Calls on that day and the next 31 reserve factor times as much.';
comment on column tollhouse_private.model_overruns.factor is
  'Multiple of the highest possible cost that at least two calls of that day were billed at. Null: only one call was, which may be a mistake of the provider.';
comment on column tollhouse_private.model_overruns.highest is 'Largest multiple that a single call was billed at.';
comment on column tollhouse_private.model_overruns.call_id is 'That call.';
comment on column tollhouse_private.model_overruns.learned_at is 'When the factor took effect; without a factor, when the first such call ended.';

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
  'Multiple of their highest possible cost that a model''s calls were billed at within 31 days, confirmed by at least two calls of one day; null if none was.';

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
    -- Capped at a billion USD, so that sums of reservations can't overflow.
    else least(pg_catalog.ceil(p_highest_cost * p_factor), greatest(p_highest_cost, 1000000000000000))::bigint
  end
$$;
comment on function tollhouse_private.with_overrun(bigint, numeric) is
  'What a call reserves when its model was billed at p_factor times its highest possible cost; null: it was not.';

revoke execute on function tollhouse_private.overrun_of(text, timestamptz) from public;
revoke execute on function tollhouse_private.with_overrun(bigint, numeric) from public;
grant execute on function tollhouse_private.overrun_of(text, timestamptz) to tollhouse_engine;
grant execute on function tollhouse_private.with_overrun(bigint, numeric) to tollhouse_engine;

grant select, insert, update, delete on tollhouse_private.model_overruns to tollhouse_engine;
grant select on tollhouse_private.model_overruns to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

commit;
