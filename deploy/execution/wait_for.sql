-- Deploy tollhouse:execution/wait_for to pg

begin;
set local role tollhouse_owner;

create function tollhouse.wait_for(
  p_call_id uuid,
  p_timeout interval default '30 seconds'
)
  returns table (
    call_id uuid,
    endpoint text,
    request_id text,
    status text,
    blocked_reason text,
    error_code text,
    error_message text,
    was_cached boolean,
    content text,
    response jsonb,
    model text,
    attempts integer,
    cost_micro_usd bigint,
    latency_ms integer,
    created_at timestamptz,
    finished_at timestamptz
  )
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
  -- A plan made while the tables were empty must still serve when they are full.
  set enable_seqscan = 'off'
  set enable_mergejoin = 'off'
  set jit = 'off'
as $$
declare
  v_deadline timestamptz := clock_timestamp() + greatest('0', least(coalesce(p_timeout, '30 seconds'), '10 minutes'));
  v_nap double precision := 0.01;
begin
  -- In progress and visible: written by this transaction, or by a savepoint of it (enqueue_many sets some).
  if exists (
    select
    from tollhouse_private.jobs as j
    where j.call_id = p_call_id
      and age(j.xmin) <= 0
      and pg_xact_status((pg_current_xact_id_if_assigned()::text::numeric - age(j.xmin))::text::xid8) = 'in progress'
  ) then
    raise exception using errcode = 'TH110', message = 'this call is not committed yet',
      detail = format('call %s', p_call_id),
      hint = 'No worker can see it before: commit, then wait in a new transaction.';
  end if;

  while clock_timestamp() < v_deadline
    and exists (select from tollhouse_private.jobs as j where j.call_id = p_call_id)
  loop
    perform pg_sleep(least(v_nap, greatest(0, extract(epoch from v_deadline - clock_timestamp()))));
    v_nap := least(v_nap * 1.5, 0.25);
  end loop;
  return query select r.* from tollhouse.result(p_call_id) as r;
end
$$;
comment on function tollhouse.wait_for(uuid, interval) is
  'result, once the call is finished or p_timeout (null: 30 seconds; 10 minutes at most) is over, whichever is first: look at status; no row where result has none. Needs read committed, the default isolation. Holds vacuum back while it waits: where many wait long, LISTEN on done_channel() instead. Raises TH110 in the transaction that enqueued the call.';

revoke execute on function tollhouse.wait_for(uuid, interval) from public;
grant execute on function tollhouse.wait_for(uuid, interval) to tollhouse_client;

commit;
