-- Deploy tollhouse:execution/cancel to pg
-- requires: execution/close_calls
-- requires: platform/call_created_at

begin;
set local role tollhouse_owner;

create function tollhouse.cancel(
  p_call_id uuid
)
  returns text
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  v_job tollhouse_private.jobs;
begin
  if tollhouse_private.current_tenant_id() is null then
    raise exception using errcode = 'TH001', message = 'no identity',
      hint = 'In the same transaction, first: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;

  select j.* into v_job from tollhouse_private.jobs as j where j.call_id = p_call_id for update;
  if not found then
    return (
      select c.status
      from tollhouse_private.llm_api_calls as c
      where c.call_id = p_call_id
        and c.created_at = tollhouse_private.call_created_at(p_call_id)
    );
  end if;
  if v_job.state = 'running' then
    update tollhouse_private.jobs as j set cancel_requested = true where j.call_id = p_call_id and not j.cancel_requested;
    perform pg_notify('tollhouse_control', '');
    return 'running';
  end if;

  perform tollhouse_private.close_calls(array[
    row(v_job, null, 'cancelled', null, false, false, 'ignored', 0, 'none', null)::tollhouse_private.settlement
  ], clock_timestamp());
  return 'cancelled';
end
$$;
comment on function tollhouse.cancel(uuid) is
  'Cancels a call of yours. Returns its status after that: cancelled; running (it is being aborted and may still succeed); its final status if it was over; null if there is no such call for you. Raises TH001.';

revoke execute on function tollhouse.cancel(uuid) from public;
grant execute on function tollhouse.cancel(uuid) to tollhouse_client;

commit;
