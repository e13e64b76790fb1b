-- Deploy tollhouse:ops/overruns to pg

begin;
set local role tollhouse_engine;

create view tollhouse_ops.model_overruns with (security_invoker = true) as
select
  mo.model, pg_catalog.max(mo.factor) as factor, pg_catalog.max(mo.highest) as highest,
  (pg_catalog.array_agg(mo.call_id order by mo.highest desc))[1] as call_id,
  pg_catalog.max(mo.learned_at) as learned_at, (pg_catalog.max(mo.day) + 32)::timestamp at time zone 'UTC' as until
from tollhouse_private.model_overruns as mo
where mo.day between (pg_catalog.now() at time zone 'UTC')::pg_catalog.date - 31 and (pg_catalog.now() at time zone 'UTC')::pg_catalog.date
group by mo.model;
comment on view tollhouse_ops.model_overruns is
  'Models billed for more than their calls could cost, within 31 days. Each further call reserves factor times its highest possible cost, a multiple that at least two calls of one day were billed at; null: only one call was. highest: largest multiple billed, by call_id. until: when it is forgotten, unless it happens again.';

grant select on tollhouse_ops.model_overruns to tollhouse_operator, tollhouse_auditor, tollhouse_monitor;

create function tollhouse_ops.forget_overrun(
  p_model text,
  p_reason text
)
  returns boolean
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_model constant text collate "C" := forget_overrun.p_model;
  p_reason constant text collate "C" := forget_overrun.p_reason;
  v_before jsonb;
begin
  with gone as (
    delete from tollhouse_private.model_overruns as mo
    where mo.ctid = any (array(
      select o.ctid from tollhouse_private.model_overruns as o where o.model = p_model order by o.day for update
    ))
    returning mo.*
  )
  select jsonb_build_object('factor', max(g.factor), 'highest', max(g.highest), 'call_ids', jsonb_agg(g.call_id order by g.day))
  into v_before
  from gone as g
  having count(*) > 0;
  if not found then
    return false;
  end if;
  perform tollhouse_private.audit('forget_overrun', jsonb_build_object('model', p_model), p_reason, v_before, null);
  return true;
end
$$;
comment on function tollhouse_ops.forget_overrun(text, text) is
  'Lets calls to a model reserve only their highest possible cost again, until the next overrun; false if there was none. Raises TH301.';

revoke execute on function tollhouse_ops.forget_overrun(text, text) from public;
grant execute on function tollhouse_ops.forget_overrun(text, text) to tollhouse_operator;

commit;
