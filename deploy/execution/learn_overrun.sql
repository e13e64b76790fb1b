-- Deploy tollhouse:execution/learn_overrun to pg

begin;
set local role tollhouse_engine;

-- The factor is the second largest of the day's calls: one call's usage alone, which may be a mistake, moves nobody else's.
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
  -- Not least: it would make a million of an unknown factor.
  v_factor numeric := case when p_factor > 1000000 then 1000000 else p_factor end;
  v_day date := (p_now at time zone 'UTC')::date;
begin
  if v_factor > coalesce((select mo.factor from tollhouse_private.model_overruns as mo where mo.model = p_model and mo.day = v_day), 1) then
    insert into tollhouse_private.model_overruns as mo (model, day, highest, call_id, learned_at)
    select m.model, v_day, v_factor, p_call_id, p_now
    from tollhouse_private.models as m
    where m.model = p_model
    on conflict (model, day) do update
    set
      factor = case when mo.call_id = excluded.call_id then mo.factor else least(mo.highest, excluded.highest) end,
      learned_at = case when mo.call_id = excluded.call_id then mo.learned_at else excluded.learned_at end,
      highest = greatest(mo.highest, excluded.highest),
      call_id = case when mo.highest < excluded.highest then excluded.call_id else mo.call_id end
    where coalesce(mo.factor, 1) < excluded.highest;
  end if;
end
$$;
comment on function tollhouse_private.learn_overrun(text, uuid, numeric, timestamptz) is
  'Notes that a call has billed so many times what it can cost at most, if that is more than is known of its model for the day.';

revoke execute on function tollhouse_private.learn_overrun(text, uuid, numeric, timestamptz) from public;

commit;
