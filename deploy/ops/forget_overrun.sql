-- Deploy tollhouse:ops/forget_overrun to pg
-- requires: pricing/model_overruns
-- requires: ops/audit

begin;
set local role tollhouse_engine;

create view tollhouse_ops.model_overruns with (security_invoker = true) as
select mo.model, mo.factor, mo.learned_at, mo.call_id
from tollhouse_private.model_overruns as mo;
comment on view tollhouse_ops.model_overruns is
  'Models that have billed more than their calls could cost at most, how many times that, and by which call it was learned. Each further call reserves factor times its highest cost.';

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
  delete from tollhouse_private.model_overruns as mo where mo.model = p_model returning to_jsonb(mo) into v_before;
  if not found then
    return false;
  end if;
  perform tollhouse_private.audit('forget_overrun', jsonb_build_object('model', p_model), p_reason, v_before, null);
  return true;
end
$$;
comment on function tollhouse_ops.forget_overrun(text, text) is
  'Lets calls of a model reserve no more than they can cost again, until it bills more the next time; false if it never has. Raises TH301.';

revoke execute on function tollhouse_ops.forget_overrun(text, text) from public;
grant execute on function tollhouse_ops.forget_overrun(text, text) to tollhouse_operator;

commit;
