-- Deploy tollhouse:platform/call_created_at to pg

begin;
set local role tollhouse_owner;

create function tollhouse_private.call_created_at(
  p_call_id uuid
)
  returns timestamptz
  language sql
  immutable
as $$
  select pg_catalog.to_timestamp(
    ('x' || pg_catalog.lpad(pg_catalog.left(pg_catalog.replace(p_call_id::pg_catalog.text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0
  )
$$;
comment on function tollhouse_private.call_created_at(uuid) is
  'created_at of the call with that id: exact, because created_at is kept to the millisecond.';

revoke execute on function tollhouse_private.call_created_at(uuid) from public;
grant execute on function tollhouse_private.call_created_at(uuid) to tollhouse_engine;

commit;
