-- Deploy tollhouse:ledger/ensure_partitions to pg

begin;
set local role tollhouse_owner;

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

commit;
