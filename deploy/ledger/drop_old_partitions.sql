-- Deploy tollhouse:ledger/drop_old_partitions to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.drop_old_partitions(
  p_now timestamptz,
  p_months_in_use timestamptz[]
)
  returns integer
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
  set timezone = 'UTC'
  -- Who waits for a reader that sits on its transaction makes everybody wait behind.
  set lock_timeout = '200ms'
as $$
declare
  v_partition record;
  v_gone integer := 0;
begin
  for v_partition in
    -- Materialized: a name is read as a month only where it is known to be one.
    with ours as materialized (
      select c.oid, c.relname, p.relname as parent
      from pg_catalog.pg_inherits as i
      join pg_catalog.pg_class as c on c.oid = i.inhrelid
      join pg_catalog.pg_class as p on p.oid = i.inhparent
      where p.relnamespace = 'tollhouse_private'::regnamespace
        and c.relkind = 'r'
    )
    select o.relname, m.month = any (p_months_in_use) as in_use
    from ours as o
    cross join tollhouse_private.settings as s
    cross join lateral (
      select to_timestamp(right(o.relname, 7) || ' +00', 'YYYY_MM TZH') as month
    ) as m
    where m.month + interval '1 month'
        <= p_now - case o.parent when 'call_content' then s.content_retention else s.ledger_retention end
      and case
        when m.month = any (p_months_in_use) then o.parent = 'call_content' and pg_relation_size(o.oid) > 0
        else m.month <> all (p_months_in_use)
      end
    -- As record locks them: what waits for us then holds none that we want.
    order by array_position(array['provider_attempts', 'call_content', 'llm_api_calls'], o.parent::text), o.relname
  loop
    begin
      if v_partition.in_use then
        -- The month stays for the outcomes to come. Its owner has no right on it, so that nobody has.
        execute format('grant truncate on tollhouse_private.%I to tollhouse_owner', v_partition.relname);
        execute format('truncate tollhouse_private.%I', v_partition.relname);
        execute format('revoke truncate on tollhouse_private.%I from tollhouse_owner', v_partition.relname);
      else
        execute format('drop table tollhouse_private.%I', v_partition.relname);
      end if;
      v_gone := v_gone + 1;
    exception
      when lock_not_available then null;  -- Left for the next time.
    end;
  end loop;
  return v_gone;
end
$$;
comment on function tollhouse_private.drop_old_partitions(timestamptz, timestamptz[]) is
  'Drops the months that are wholly past their retention; of p_months_in_use (first instants in UTC), to which unfinished calls belong, only the content. What somebody reads is left for the next time. Returns how many partitions were dropped or emptied.';

revoke execute on function tollhouse_private.drop_old_partitions(timestamptz, timestamptz[]) from public;
grant execute on function tollhouse_private.drop_old_partitions(timestamptz, timestamptz[]) to tollhouse_engine;

commit;
