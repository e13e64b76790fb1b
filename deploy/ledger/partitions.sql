-- Deploy tollhouse:ledger/partitions to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.has_month(
  p_created_at timestamptz
)
  returns boolean
  language sql
  stable
as $$
  select pg_catalog.to_regclass(
    'tollhouse_private.llm_api_calls_' || pg_catalog.to_char(p_created_at at time zone 'UTC', 'YYYY_MM')
  ) is not null
$$;
comment on function tollhouse_private.has_month(timestamptz) is
  'Whether the ledger has a partition for a call''s month. A worker creates it; until then the call can''t end.';

revoke execute on function tollhouse_private.has_month(timestamptz) from public;
grant execute on function tollhouse_private.has_month(timestamptz) to tollhouse_engine;

create function tollhouse_private.ensure_partitions(
  p_from timestamptz,
  p_until timestamptz
)
  returns integer
  language plpgsql
  volatile
  security definer
  set search_path = pg_catalog, pg_temp
  set timezone = 'UTC'
as $$
declare
  v_missing record;
  v_created integer := 0;
begin
  for v_missing in
    select t.name as parent, m.month, format('%s_%s', t.name, to_char(m.month, 'YYYY_MM')) as name
    from generate_series(date_trunc('month', p_from), p_until, interval '1 month') as m (month)
    cross join unnest(array['llm_api_calls', 'provider_attempts', 'call_content']) as t (name)
    where not exists (
      select
      from pg_catalog.pg_class as c
      where c.relnamespace = 'tollhouse_private'::regnamespace
        and c.relname = format('%s_%s', t.name, to_char(m.month, 'YYYY_MM'))
    )
  loop
    -- One at a time, then looked up again. Locks a row, because any login could take and keep an advisory lock.
    perform from tollhouse_private.settings for update;
    continue when exists (
      select from pg_catalog.pg_class as c
      where c.relnamespace = 'tollhouse_private'::regnamespace and c.relname = v_missing.name
    );
    -- Created standalone, then attached: creating it as a partition would lock out all readers and writers.
    execute format('create table tollhouse_private.%I (like tollhouse_private.%I including all)', v_missing.name, v_missing.parent);
    -- Reachable only through its parent, whose policies do not apply to direct access.
    execute format('alter table tollhouse_private.%I enable row level security', v_missing.name);
    execute format('alter table tollhouse_private.%I force row level security', v_missing.name);
    execute format('revoke all on tollhouse_private.%I from tollhouse_owner', v_missing.name);
    execute format(
      'alter table tollhouse_private.%I attach partition tollhouse_private.%I for values from (%L) to (%L)',
      v_missing.parent, v_missing.name, v_missing.month, v_missing.month + interval '1 month'
    );
    v_created := v_created + 1;
  end loop;
  return v_created;
end
$$;
comment on function tollhouse_private.ensure_partitions(timestamptz, timestamptz) is
  'Creates the missing monthly partitions of ledger, attempts and content for a time range; returns how many.';

revoke execute on function tollhouse_private.ensure_partitions(timestamptz, timestamptz) from public;
grant execute on function tollhouse_private.ensure_partitions(timestamptz, timestamptz) to tollhouse_engine;

do $$
begin
  perform tollhouse_private.ensure_partitions(
    pg_catalog.now(), pg_catalog.now() + pg_catalog.make_interval(months => s.months_ahead))
  from tollhouse_private.settings as s;
end
$$;

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
  -- Waiting behind an idle reader would make everybody else wait behind us.
  set lock_timeout = '200ms'
as $$
declare
  v_partition record;
  v_gone integer := 0;
begin
  for v_partition in
    -- Materialized: only names known to be months may be parsed as such.
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
    -- In the order in which record locks them, so that nothing waiting for us holds a lock we want.
    order by array_position(array['provider_attempts', 'call_content', 'llm_api_calls'], o.parent::text), o.relname
  loop
    begin
      if v_partition.in_use then
        -- The month stays for outcomes still to come. Its owner has no privileges on it, so that nobody has.
        execute format('grant truncate on tollhouse_private.%I to tollhouse_owner', v_partition.relname);
        execute format('truncate tollhouse_private.%I', v_partition.relname);
        execute format('revoke truncate on tollhouse_private.%I from tollhouse_owner', v_partition.relname);
      else
        execute format('drop table tollhouse_private.%I', v_partition.relname);
      end if;
      v_gone := v_gone + 1;
    exception
      when lock_not_available then null;  -- Retried next time.
    end;
  end loop;
  return v_gone;
end
$$;
comment on function tollhouse_private.drop_old_partitions(timestamptz, timestamptz[]) is
  'Drops months that are entirely past their retention. Months with unfinished calls (p_months_in_use, as their first instants in UTC) only lose their content. Partitions being read are left for the next run. Returns how many partitions were dropped or emptied.';

revoke execute on function tollhouse_private.drop_old_partitions(timestamptz, timestamptz[]) from public;
grant execute on function tollhouse_private.drop_old_partitions(timestamptz, timestamptz[]) to tollhouse_engine;

commit;
