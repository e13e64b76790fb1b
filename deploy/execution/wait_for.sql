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
  -- A plan made while the tables were empty must still work when they are full.
  set enable_seqscan = 'off'
  set enable_mergejoin = 'off'
  set jit = 'off'
as $$
declare
  v_began timestamptz := clock_timestamp();
  v_deadline timestamptz := v_began + greatest('0', least(coalesce(p_timeout, '30 seconds'), '10 minutes'));
  v_waited double precision;
begin
  if tollhouse_private.current_tenant_id() is null then
    raise exception using errcode = 'TH001', message = 'no identity',
      hint = 'First, in the same transaction: select tollhouse.set_identity(''tenant'', ''user'').';
  end if;
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise exception using errcode = 'TH113', message = 'waiting needs read committed',
      detail = format('the isolation level is %s', current_setting('transaction_isolation')),
      hint = 'This transaction keeps its snapshot and would never see the outcome: wait in a read committed transaction.';
  end if;
  -- In progress and visible: written by this transaction, or by a savepoint of it.
  if exists (
    select
    from tollhouse_private.jobs as j
    where j.call_id = p_call_id
      and age(j.xmin) <= 0
      and pg_xact_status((pg_current_xact_id_if_assigned()::text::numeric - age(j.xmin))::text::xid8) = 'in progress'
  ) then
    raise exception using errcode = 'TH110', message = 'this call is not committed yet',
      detail = format('call %s', p_call_id),
      hint = 'No worker can see it yet: commit, then wait in a new transaction.';
  end if;

  -- Each nap is a twelfth of the time waited so far, so latency stays below a tenth of it and polling slows down.
  while clock_timestamp() < v_deadline
    and exists (select from tollhouse_private.jobs as j where j.call_id = p_call_id)
  loop
    v_waited := extract(epoch from clock_timestamp() - v_began);
    perform pg_sleep(least(
      greatest(v_waited / 12, 0.002), 0.25, greatest(0, extract(epoch from v_deadline - clock_timestamp()))
    ));
  end loop;
  return query select r.* from tollhouse.result(p_call_id) as r;
end
$$;
comment on function tollhouse.wait_for(uuid, interval) is
  'Waits until the call has finished or p_timeout (null: 30 seconds; at most 10 minutes) has passed, whichever is first, and returns its result: check status; no row if you have no such call. Returns a few milliseconds after the outcome is committed, or within a tenth of the time waited. Holds back vacuum while waiting: if many callers wait long, LISTEN on done_channel() instead. Raises TH001 no identity, TH110 in the transaction that enqueued the call, TH113 under an isolation level other than read committed.';

revoke execute on function tollhouse.wait_for(uuid, interval) from public;
grant execute on function tollhouse.wait_for(uuid, interval) to tollhouse_client;

commit;
