-- Deploy tollhouse:ledger/ensure_partitions to pg
-- requires: platform/settings
-- requires: ledger/llm_api_calls
-- requires: ledger/provider_attempts
-- requires: ledger/call_content

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
  v_table text;
  v_month timestamptz := date_trunc('month', p_from);
  v_name text;
  v_created integer := 0;
begin
  -- Two workers that start together would otherwise both find the month missing.
  perform pg_advisory_xact_lock(hashtext('tollhouse.ensure_partitions'));

  while v_month <= p_until loop
    foreach v_table in array array['llm_api_calls', 'provider_attempts', 'call_content'] loop
      v_name := format('%s_%s', v_table, to_char(v_month, 'YYYY_MM'));
      if to_regclass(format('tollhouse_private.%I', v_name)) is null then
        -- Made alone and then attached: creating it as a partition would lock every reader and writer out.
        execute format('create table tollhouse_private.%I (like tollhouse_private.%I including all)', v_name, v_table);
        -- Reached through its parent only; the parent's policies do not hold for who names a partition.
        execute format('alter table tollhouse_private.%I enable row level security', v_name);
        execute format('alter table tollhouse_private.%I force row level security', v_name);
        execute format('revoke all on tollhouse_private.%I from tollhouse_owner', v_name);
        execute format(
          'alter table tollhouse_private.%I attach partition tollhouse_private.%I for values from (%L) to (%L)',
          v_table, v_name, v_month, v_month + interval '1 month'
        );
        v_created := v_created + 1;
      end if;
    end loop;
    v_month := v_month + interval '1 month';
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
