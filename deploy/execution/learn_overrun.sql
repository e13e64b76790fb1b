-- Deploy tollhouse:execution/learn_overrun to pg
-- requires: pricing/model_overruns

begin;
set local role tollhouse_engine;

-- Writes only what is larger than what is known: healthy outcomes lock no row that others need.
create function tollhouse_private.learn_overrun(
  p_model text,
  p_call_id uuid,
  p_factor numeric,
  p_now timestamptz
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_factor numeric := least(p_factor, 1000000);
begin
  if v_factor > coalesce((select mo.factor from tollhouse_private.model_overruns as mo where mo.model = p_model), 1) then
    insert into tollhouse_private.model_overruns as mo (model, factor, learned_at, call_id)
    select m.model, v_factor, p_now, p_call_id
    from tollhouse_private.models as m
    where m.model = p_model
    on conflict (model) do update
    set factor = excluded.factor, learned_at = excluded.learned_at, call_id = excluded.call_id
    where mo.factor < excluded.factor;
  end if;
end
$$;
comment on function tollhouse_private.learn_overrun(text, uuid, numeric, timestamptz) is
  'Notes that a model has billed so many times what a call can cost at most, if that is more than is known.';

revoke execute on function tollhouse_private.learn_overrun(text, uuid, numeric, timestamptz) from public;

commit;
