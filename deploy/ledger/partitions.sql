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
  'Whether the ledger has the month of a call, which a worker makes: without it the call can''t end yet.';

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
    -- One at a time, and looked for again. A row of ours, no advisory lock: any login could take that and keep it.
    perform from tollhouse_private.settings for update;
    continue when exists (
      select from pg_catalog.pg_class as c
      where c.relnamespace = 'tollhouse_private'::regnamespace and c.relname = v_missing.name
    );
    -- Made alone and then attached: creating it as a partition would lock every reader and writer out.
    execute format('create table tollhouse_private.%I (like tollhouse_private.%I including all)', v_missing.name, v_missing.parent);
    -- Reached through its parent only; the parent's policies do not hold for who names a partition.
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
  'Creates the missing monthly partitions of ledger, attempts and content from one time to another; returns how many.';

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
