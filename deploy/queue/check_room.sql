-- Deploy tollhouse:queue/check_room to pg

begin;
set local role tollhouse_engine;

-- What the last count of a large queue found, until when that holds, and of whom and under which limit (see check_room). Sequences,
-- because a refusal rolls back all else that it could write. Tenants share them: the last one to count has it.
do $$
begin
  for i in 0..7 loop
    execute format('create sequence tollhouse_private.queue_look_%s', i);
  end loop;
end
$$;

create function tollhouse_private.check_room(
  p_tenant_id text,
  p_calls integer,
  p_bytes bigint
)
  returns void
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- Counted so often on the way to a limit that a hundredth of it is never missed but by one in e to the 25th.
  c_looks constant integer := 50;
  -- To count fewer costs less than a millisecond.
  c_few constant integer := 10000;
  c_longest_ms constant integer := 10000;
  v_limit tollhouse_private.queue_limits;
  v_known tollhouse_private.queue_counts;
  v_calls bigint;
  v_bytes bigint;
  v_hash bigint;
  v_look regclass;
  v_now bigint;
  v_found bigint;
  v_full boolean := false;
begin
  select ql.* into v_limit
  from tollhouse_private.queue_limits as ql
  where ql.tenant_id in (p_tenant_id, '')
  order by ql.tenant_id desc
  limit 1;
  if coalesce(v_limit.max_calls, v_limit.max_bytes) is null then
    return;
  end if;
  select qc.* into v_known
  from tollhouse_private.queue_counts as qc
  where qc.tenant_id = p_tenant_id
  order by qc.count_id desc
  limit 1;
  v_calls := coalesce(v_known.calls, 0);
  v_bytes := coalesce(v_known.bytes, 0);

  -- Far from the limit a look now and then is enough: to count costs as much as there is.
  if v_calls < 0.99 * coalesce(v_limit.max_calls, v_calls + 1) and v_bytes < 0.99 * coalesce(v_limit.max_bytes, v_bytes + 1) then
    if random() >= c_looks * greatest(p_calls::numeric / (v_limit.max_calls - v_calls), p_bytes::numeric / (v_limit.max_bytes - v_bytes)) then
      return;
    end if;
  elsif v_calls >= c_few then
    -- At the limit of a large queue, what one count finds holds for all, for ten times as long as it took.
    v_hash := hashtextextended(format('%s %s %s', p_tenant_id, v_limit.max_calls, v_limit.max_bytes), 0);
    v_look := format('tollhouse_private.queue_look_%s', v_hash & 7)::regclass;
    v_hash := v_hash >> 3 & 1048575;
    v_now := extract(epoch from clock_timestamp()) * 1000;
    v_found := pg_sequence_last_value(v_look);
    if v_found >> 1 & 1048575 = v_hash then
      v_full := v_found & 1 = 1;
      if v_found >> 21 between v_now + 1 and v_now + c_longest_ms then
        if not v_full then
          return;
        end if;
        raise exception using
          errcode = 'TH112',
          message = 'queue is full',
          detail = 'as of the last count, a moment ago',
          hint = 'Try again once some of the tenant''s calls have ended, cancel some, or ask an operator to raise the limit (tollhouse_ops.set_queue_limit).';
      end if;
    end if;
    -- One counts; the others go by what was found before.
    perform setval(v_look, (v_now + 1000 << 21) + (v_hash << 1) + v_full::integer);
  end if;

  select count(*), coalesce(sum(j.request_bytes), 0) into v_calls, v_bytes
  from tollhouse_private.jobs as j
  where j.tenant_id = p_tenant_id;
  if v_look is not null then
    v_found := extract(epoch from clock_timestamp()) * 1000;
    v_full := coalesce(v_calls >= v_limit.max_calls, false) or coalesce(v_bytes >= v_limit.max_bytes, false);
    perform setval(v_look, (v_found + least(c_longest_ms, 1 + 10 * (v_found - v_now)) << 21) + (v_hash << 1) + v_full::integer);
  end if;
  if v_calls > v_limit.max_calls or v_bytes > v_limit.max_bytes then
    raise exception using
      errcode = 'TH112',
      message = 'queue is full',
      detail = format('%s of %s calls, %s of %s bytes',
        v_calls, coalesce(v_limit.max_calls::text, 'any number of'), v_bytes, coalesce(v_limit.max_bytes::text, 'any number of')),
      hint = 'Try again once some of the tenant''s calls have ended, cancel some, or ask an operator to raise the limit (tollhouse_ops.set_queue_limit).';
  end if;

  if abs(v_calls - coalesce(v_known.calls, 0)) > greatest(c_looks, 0.01 * v_limit.max_calls)
    or abs(v_bytes - coalesce(v_known.bytes, 0)) > 0.01 * v_limit.max_bytes
  then
    insert into tollhouse_private.queue_counts (tenant_id, calls, bytes) values (p_tenant_id, v_calls, v_bytes);
    delete from tollhouse_private.queue_counts as qc
    where qc.ctid = any (array(
      select old.ctid from tollhouse_private.queue_counts as old
      where old.tenant_id = p_tenant_id and old.count_id < v_known.count_id
      limit 100 for update skip locked
    ));
  end if;
end
$$;
comment on function tollhouse_private.check_room(text, integer, bigint) is
  'Refuses calls, just inserted, that the tenant''s queue has no room for. Exact within a hundredth of the limit, or fifty calls, but for what other open transactions hold; where ten thousand calls or more are to be counted, what a count found holds for ten times as long as it took. Raises TH112.';

revoke execute on function tollhouse_private.check_room(text, integer, bigint) from public;

commit;
