-- Deploy tollhouse:ops/budget to pg

begin;
set local role tollhouse_engine;

create function tollhouse_ops.set_monthly_cap(
  p_tenant_id text,
  p_user_id text,
  p_cap_micro_usd bigint,
  p_reason text
)
  returns void
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_tenant_id constant text collate "C" := set_monthly_cap.p_tenant_id;
  p_user_id constant text collate "C" := set_monthly_cap.p_user_id;
  p_reason constant text collate "C" := set_monthly_cap.p_reason;
  v_before jsonb;
begin
  perform tollhouse_private.check_target('tenant', p_tenant_id);
  if p_user_id is distinct from '' then
    perform tollhouse_private.check_target('user', p_user_id);
  end if;
  perform tollhouse_private.check_value(p_cap_micro_usd is null or p_cap_micro_usd >= 0,
    format('cap %s', p_cap_micro_usd), 'Give micro-USD (1 USD = 1000000), 0 to allow nothing, or null for no cap.');

  select jsonb_build_object('cap_micro_usd', bc.cap_micro_usd) into v_before
  from tollhouse_private.budget_caps as bc
  where bc.tenant_id = p_tenant_id and bc.user_id = p_user_id;
  if p_cap_micro_usd is null then
    delete from tollhouse_private.budget_caps as bc where bc.tenant_id = p_tenant_id and bc.user_id = p_user_id;
  else
    insert into tollhouse_private.budget_caps (tenant_id, user_id, cap_micro_usd)
    values (p_tenant_id, p_user_id, p_cap_micro_usd)
    on conflict (tenant_id, user_id) do update set cap_micro_usd = excluded.cap_micro_usd;
  end if;
  -- The row is created now, so that no claim can copy the old cap into it; near the end of a month, the next month's too.
  insert into tollhouse_private.monthly_budgets (tenant_id, user_id, month, cap_micro_usd)
  select distinct p_tenant_id, p_user_id, tollhouse_private.budget_month(clock_timestamp() + ahead), p_cap_micro_usd
  from unnest(array[interval '0', interval '1 hour']) as ahead
  order by 3
  on conflict (tenant_id, user_id, month) do update set cap_micro_usd = excluded.cap_micro_usd;
  update tollhouse_private.monthly_budgets as mb
  set cap_micro_usd = p_cap_micro_usd
  where mb.tenant_id = p_tenant_id
    and mb.user_id = p_user_id
    and mb.month > tollhouse_private.budget_month(clock_timestamp())
    and mb.cap_micro_usd is distinct from p_cap_micro_usd;

  perform tollhouse_private.call_up_budget(p_tenant_id, array[p_user_id], clock_timestamp());
  perform tollhouse_private.audit('set_monthly_cap',
    jsonb_build_object('tenant_id', p_tenant_id, 'user_id', nullif(p_user_id, '')), p_reason,
    v_before, jsonb_build_object('cap_micro_usd', p_cap_micro_usd));
end
$$;
comment on function tollhouse_ops.set_monthly_cap(text, text, bigint, text) is
  'Sets the monthly cap (UTC) of a tenant (p_user_id empty) or user, in micro-USD, from now on; null: no cap. A cap below what is already spent stops further calls. Raises TH301, TH303.';

revoke execute on function tollhouse_ops.set_monthly_cap(text, text, bigint, text) from public;
grant execute on function tollhouse_ops.set_monthly_cap(text, text, bigint, text) to tollhouse_operator;

commit;
