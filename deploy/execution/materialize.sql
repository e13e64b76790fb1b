-- Deploy tollhouse:execution/materialize to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.materialize(
  p_settlements tollhouse_private.settlement[]
)
  returns tollhouse_private.settlement[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
  -- What a client holds, every worker would wait for.
  set lock_timeout = '1s'
as $$
declare
  v_task record;
  v_settlement tollhouse_private.settlement;
  v_result tollhouse_private.attempt_result;
  v_failure text;
begin
  for v_task in
    select s.position, tt.materializer, tollhouse_private.stricter_capture(tt.capture, ts.capture_policy) = 'full' as keeps
    from (
      select i as position, (p_settlements[i].job).endpoint as endpoint, (p_settlements[i].job).tenant_id as tenant_id
      from generate_subscripts(p_settlements, 1) as i
      where p_settlements[i].status = 'success'
    ) as s
    join tollhouse_private.task_types as tt on tt.endpoint = s.endpoint
    left join tollhouse_private.tenant_settings as ts on ts.tenant_id = s.tenant_id
    where tt.materializer is not null
  loop
    v_settlement := p_settlements[v_task.position];
    v_failure := null;
    begin
      if (v_settlement.result).materialize is false then
        v_failure := 'it took longer than a worker''s statement may';
      else
        execute format('select %s($1, $2, $3, $4, $5, $6)', v_task.materializer)
        using (v_settlement.job).tenant_id, (v_settlement.job).user_id, (v_settlement.job).call_id,
          (v_settlement.job).created_at,
          case when v_task.keeps then coalesce(
            (select j.request from tollhouse_private.jobs as j where j.ctid = (v_settlement.job).place),
            (v_settlement.unqueued).request
          ) end,
          case when v_task.keeps then (v_settlement.result).response end;
      end if;
    exception
      -- A materializer is its author's code: whatever it raises is its own call's matter.
      when query_canceled or assert_failure or others then
        if sqlstate = '57014' and clock_timestamp() - statement_timestamp() >= nullif(current_setting('statement_timeout')::interval, '0') then
          raise;
        end if;
        v_failure := format('%s (%s)', sqlerrm, sqlstate);
    end;
    if v_failure is not null then
      v_result := v_settlement.result;
      v_result.error_code := 'materializer_failed';
      v_result.error_message := left(format('%s: %s', v_task.materializer, v_failure), 500);
      v_settlement.result := v_result;
      p_settlements[v_task.position] := v_settlement;
    end if;
  end loop;
  return p_settlements;
end
$$;
comment on function tollhouse_private.materialize(tollhouse_private.settlement[]) is
  'Runs the materializers of the successes, each in a subtransaction and with a second for each lock; one that raises, or that the worker says to leave out, marks its own call materializer_failed. They get a null request and response where nothing of them may be kept.';

revoke execute on function tollhouse_private.materialize(tollhouse_private.settlement[]) from public;
grant execute on function tollhouse_private.materialize(tollhouse_private.settlement[]) to tollhouse_engine;

commit;
