-- Deploy tollhouse:platform/stretch to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.stretch(
  p_table regclass
)
  returns tid[]
  language plpgsql
  volatile
  set search_path = pg_catalog, pg_temp
as $$
declare
  c_blocks constant bigint := 20;
  v_blocks bigint := pg_relation_size(p_table) / current_setting('block_size')::bigint;
  v_first bigint;
begin
  if v_blocks <= c_blocks then
    v_first := 0;
  else
    -- It may start before the first block, so that all blocks are equally likely.
    v_first := greatest(0, floor(random() * (v_blocks + c_blocks - 1)) - c_blocks + 1);
  end if;
  return array[format('(%s,0)', v_first), format('(%s,0)', v_first + c_blocks)]::tid[];
end
$$;
comment on function tollhouse_private.stretch(regclass) is
  'Start and end of a random stretch of twenty blocks, for jobs that scan a table bit by bit. Covers a small table entirely.';

revoke execute on function tollhouse_private.stretch(regclass) from public;
grant execute on function tollhouse_private.stretch(regclass) to tollhouse_engine;

commit;
