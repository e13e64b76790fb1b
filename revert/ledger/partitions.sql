-- Revert tollhouse:ledger/partitions from pg

begin;
set local role tollhouse_owner;

drop function tollhouse_private.drop_old_partitions(timestamptz, timestamptz[]);
do $$
declare
  v_partition regclass;
begin
  for v_partition in
    select i.inhrelid::regclass
    from pg_catalog.pg_inherits as i
    where i.inhparent in (
      'tollhouse_private.llm_api_calls'::regclass,
      'tollhouse_private.provider_attempts'::regclass,
      'tollhouse_private.call_content'::regclass
    )
  loop
    execute format('drop table %s', v_partition);
  end loop;
end
$$;

drop function tollhouse_private.ensure_partitions(timestamptz, timestamptz);
drop function tollhouse_private.has_month(timestamptz);

commit;
