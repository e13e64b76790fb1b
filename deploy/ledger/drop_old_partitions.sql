-- Deploy tollhouse:ledger/drop_old_partitions to pg
-- requires: platform/settings
-- requires: ledger/ensure_partitions

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
as $$
declare
  v_partition record;
  v_dropped integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('tollhouse.ensure_partitions'));

  for v_partition in
    -- Materialized: a name is read as a month only where it is known to be one.
    with ours as materialized (
      select c.relname, p.relname as parent
      from pg_catalog.pg_inherits as i
      join pg_catalog.pg_class as c on c.oid = i.inhrelid
      join pg_catalog.pg_class as p on p.oid = i.inhparent
      where p.relnamespace = 'tollhouse_private'::regnamespace
        and c.relkind = 'r'
    )
    select o.relname
    from ours as o
    cross join tollhouse_private.settings as s
    cross join lateral (
      select to_timestamp(right(o.relname, 7) || ' +00', 'YYYY_MM TZH') as month
    ) as m
    where m.month + interval '1 month'
        <= p_now - case o.parent when 'call_content' then s.content_retention else s.ledger_retention end
      and m.month <> all (p_months_in_use)
  loop
    execute format('drop table tollhouse_private.%I', v_partition.relname);
    v_dropped := v_dropped + 1;
  end loop;
  return v_dropped;
end
$$;
comment on function tollhouse_private.drop_old_partitions(timestamptz, timestamptz[]) is
  'Drops the months that are wholly past their retention, but none of p_months_in_use (first instants in UTC), to which unfinished calls belong; returns how many partitions.';

revoke execute on function tollhouse_private.drop_old_partitions(timestamptz, timestamptz[]) from public;
grant execute on function tollhouse_private.drop_old_partitions(timestamptz, timestamptz[]) to tollhouse_engine;

commit;
